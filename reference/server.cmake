# The broker core behind TCP. Boost headers alone.
find_package(Boost 1.81 REQUIRED)
add_library(reference_server STATIC server.cpp server_link.cpp server_listener.cpp server_metrics.cpp server_statistics.cpp
            server_stream.cpp server_watch.cpp
            login_pool.cpp statistics.cpp wire_log.cpp)
target_link_libraries(reference_server PUBLIC reference_core client_judge mqttspec_net mqtt_codec PRIVATE Boost::headers Threads::Threads)
mqttspec_test(admission_test tests/login_pool_test.cpp tests/metrics_test.cpp tests/statistics_test.cpp LIBRARIES reference_server)

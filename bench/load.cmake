# Load against a live broker (mqttspec bench). Asio stays behind net/.
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
add_library(mqttspec_load STATIC statistics.cpp process_stats.cpp load_client.cpp load_flows.cpp load_report.cpp)
target_link_libraries(mqttspec_load PUBLIC mqtt_codec mqttspec_net PRIVATE conformance_support fmt::fmt nlohmann_json::nlohmann_json)
mqttspec_test(bench_test tests/statistics_test.cpp tests/report_test.cpp
              LIBRARIES mqttspec_load conformance_support nlohmann_json::nlohmann_json)

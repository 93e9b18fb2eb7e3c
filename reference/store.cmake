# The journal as a file. Without SQLite there is none, and it says so.
if(MQTTSPEC_STORE)
    find_package(SQLite3 3.37 REQUIRED)
    add_library(reference_store STATIC store.cpp store_database.cpp store_read.cpp store_write.cpp)
    target_link_libraries(reference_store PRIVATE SQLite::SQLite3)
    mqttspec_test(store_test tests/store_test.cpp tests/store_file_test.cpp tests/store_restart_test.cpp
                  LIBRARIES reference_store)
else()
    add_library(reference_store STATIC no_store.cpp)
endif()
target_link_libraries(reference_store PUBLIC reference_core mqtt_codec)

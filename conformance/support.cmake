# What is around the cases: tables, patterns, profiles, baselines, reports. Knows no peer and no loop.
# case_table() is left to whoever links it: conformance_cases, or a test.
find_package(fmt REQUIRED)
find_package(pugixml REQUIRED)
find_package(nlohmann_json REQUIRED)
find_library(TOMLPLUSPLUS tomlplusplus REQUIRED)

set(statement_tables ${CMAKE_SOURCE_DIR}/corpus/corrections.tsv)
foreach(table mqtt-3.1.1 mqtt-5.0 extra excuses)
    list(APPEND statement_tables ${CMAKE_SOURCE_DIR}/corpus/statements/${table}.tsv)
endforeach()
add_executable(embed_statements ${CMAKE_SOURCE_DIR}/conformance/tools/embed_statements.cpp)
set_target_properties(embed_statements PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
set(statement_rows ${CMAKE_CURRENT_BINARY_DIR}/statement_rows.cpp)
add_custom_command(OUTPUT ${statement_rows} DEPENDS embed_statements ${statement_tables} VERBATIM
                   COMMAND embed_statements ${CMAKE_SOURCE_DIR}/corpus ${statement_rows})

set(build_info ${CMAKE_CURRENT_BINARY_DIR}/build_info.cpp)
add_custom_target(conformance_build_info BYPRODUCTS ${build_info} VERBATIM
                  COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_SOURCE_DIR} -DVERSION=${PROJECT_VERSION} -DOUTPUT=${build_info}
                          -P ${CMAKE_SOURCE_DIR}/conformance/tools/build_info.cmake)

add_library(conformance_support STATIC
    statements.cpp patterns.cpp profile.cpp toml.cpp target.cpp baseline.cpp listing.cpp
    reports/text.cpp reports/file.cpp reports/statement_results.cpp reports/json.cpp reports/list_json.cpp
    reports/junit.cpp reports/terminal.cpp reports/proof_text.cpp ${statement_rows} ${build_info})
add_dependencies(conformance_support conformance_build_info)
# These two need case_table(); the other is new with every commit.
alone(listing.cpp reports/list_json.cpp ${build_info})
target_link_libraries(conformance_support PUBLIC reference_core mqtt_codec
                      PRIVATE fmt::fmt pugixml::pugixml nlohmann_json::nlohmann_json ${TOMLPLUSPLUS})
mqttspec_test(conformance_support_test
    tests/statements_test.cpp tests/patterns_test.cpp tests/profile_test.cpp tests/baseline_test.cpp tests/reports_test.cpp
    tests/listing_test.cpp tests/sample_table.cpp
    LIBRARIES conformance_support nlohmann_json::nlohmann_json pugixml::pugixml)

# What has threads, for TSan: the tests of that label, and the target that builds what they need.
set(threaded_tests net_test peer_test admission_test)

# mqttspec_test(NAME sources... [LIBRARIES ...]): a GoogleTest program, one ctest entry.
if(MQTTSPEC_TESTS)
    enable_testing()
    find_package(GTest REQUIRED)
    file(WRITE ${CMAKE_BINARY_DIR}/test_main.cpp "#include <gtest/gtest.h>\nint main(int argc, char** argv) { testing::InitGoogleTest(&argc, argv); return RUN_ALL_TESTS(); }\n")
    add_library(test_main STATIC ${CMAKE_BINARY_DIR}/test_main.cpp)
    target_precompile_headers(test_main PUBLIC <gtest/gtest.h> <string> <vector>)
    # What an optimizer makes of a thousand expectations takes it longer than they run, above all with sanitizers. What
    # is tested keeps its -O1.
    if(NOT CMAKE_BUILD_TYPE)
        target_compile_options(test_main PUBLIC -O0)
    endif()
    target_link_libraries(test_main PUBLIC GTest::gtest)
endif()

function(mqttspec_test name)
    if(NOT MQTTSPEC_TESTS)
        return()
    endif()
    cmake_parse_arguments(arg "" "" "LIBRARIES" ${ARGN})
    add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
    target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} test_main)
    target_precompile_headers(${name} REUSE_FROM test_main)
    target_compile_definitions(${name} PRIVATE MQTTSPEC_CORPUS="${CMAKE_SOURCE_DIR}/corpus" MQTTSPEC_SOURCE="${CMAKE_SOURCE_DIR}")
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT 300)
    if(name IN_LIST threaded_tests)
        set_tests_properties(${name} PROPERTIES LABELS threaded)
    endif()
endfunction()

# alone(sources...): files of this folder that stay out of the batches of a unity build (presets asan, tsan, fuzz), for
# names that another file has too.
function(alone)
    set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION TRUE)
endfunction()

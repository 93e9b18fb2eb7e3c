# The program as its users and their scripts see it. Label `once`: needs no sanitizer run of its own.
if(NOT MQTTSPEC_TESTS)
    return()
endif()
mqttspec_test(cli_test tests/target_test.cpp tests/decode_stream_test.cpp LIBRARIES mqttspec_cli)

function(program_test name labels)
    add_test(NAME ${name} COMMAND ${ARGN})
    set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS "${labels}" ENVIRONMENT "MQTTSPEC_PROGRAM=$<TARGET_FILE:mqttspec>")
endfunction()
set(here ${CMAKE_CURRENT_SOURCE_DIR}/tests)
program_test(usage program ${here}/usage_test.py)
program_test(program program ${here}/suite_test.py)
program_test(decode program ${here}/decode_test.py)
program_test(bench program ${here}/bench_test.py)
program_test(mosquitto once ${here}/mosquitto_test.py)
# Strict: on the embedded broker every case passes, is skipped, unreachable or a choice. The proof is whole.
program_test(embedded_suite "suite;threaded" mqttspec test --strict)
program_test(proof suite mqttspec prove)
program_test(tidy once ${CMAKE_SOURCE_DIR}/scripts/tidy.py)
program_test(tidy_self once ${CMAKE_SOURCE_DIR}/scripts/tidy_test.py)
program_test(mutate_self once ${CMAKE_SOURCE_DIR}/scripts/mutate_test.py)
# They start brokers and suites of their own: side by side they would only wait for each other.
set_tests_properties(program mosquitto embedded_suite proof PROPERTIES RUN_SERIAL TRUE)

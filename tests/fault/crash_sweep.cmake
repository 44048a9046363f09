# Random crash histories against the real daemon. CI runs a few; tools/test --crash-seeds N runs many.
labrec_library(crash_sweep_lib
  SOURCES crash/guess_history.cc crash/sweep_client.cc crash/crash_sweep.cc crash/replay.cc
  DEPS test_realm_fixture test_raw_account test_tpm_proxy test_postgres)
target_compile_definitions(crash_sweep_lib PRIVATE LABREC_TESTS_DIR="${CMAKE_BINARY_DIR}/tests")
add_executable(crash_sweep crash/crash_sweep_main.cc)
target_link_libraries(crash_sweep PRIVATE crash_sweep_lib test_seed_arguments)
labrec_target(crash_sweep)
labrec_runs_tests(fault crash_sweep)
set_target_properties(crash_sweep PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
add_dependencies(crash_sweep labyrinth-recoveryd labyrinth-admin crash_shim)
labrec_test(lost_line
  SOURCES crash/lost_line_test.cc
  DEPS test_api_client
  TIMEOUT 120
  LABEL fault)
target_compile_definitions(lost_line PRIVATE LABREC_TESTS_DIR="${CMAKE_BINARY_DIR}/tests")
target_include_directories(lost_line SYSTEM PRIVATE ${NLOHMANN_JSON_INCLUDE_DIR})
add_dependencies(lost_line crash_shim)
foreach(device swtpm softhsm2)
  add_test(NAME crash_sweep.${device} COMMAND crash_sweep --device ${device} --seeds 25)
  set_tests_properties(crash_sweep.${device} PROPERTIES TIMEOUT 300 LABELS fault)
endforeach()
add_test(NAME crash_sweep.postgresql COMMAND crash_sweep --device softhsm2 --storage postgresql --seeds 15)
set_tests_properties(crash_sweep.postgresql PROPERTIES TIMEOUT 300 LABELS fault)

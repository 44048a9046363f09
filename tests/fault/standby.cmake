# A realm on two hosts: takeovers by hand and by themselves, and random histories of blows. CI runs a few;
# tools/test --standby-seeds N runs many.
labrec_library(standby_sweep_lib
  SOURCES standby/two_hosts.cc standby/standby_sweep.cc
  DEPS crash_sweep_lib test_realm_fixture test_raw_account test_postgres test_finished_command)
target_include_directories(standby_sweep_lib PRIVATE ${CMAKE_BINARY_DIR}/generated)
add_executable(standby_sweep standby/standby_sweep_main.cc)
target_link_libraries(standby_sweep PRIVATE standby_sweep_lib test_seed_arguments)
labrec_target(standby_sweep)
labrec_runs_tests(fault standby_sweep)
set_target_properties(standby_sweep PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
add_dependencies(standby_sweep labyrinth-recoveryd labyrinth-admin)
add_test(NAME standby_sweep.softhsm2 COMMAND standby_sweep --seeds 6)
set_tests_properties(standby_sweep.softhsm2 PROPERTIES TIMEOUT 300 LABELS fault)
labrec_test(fault_standby
  SOURCES standby/standby_test.cc
  DEPS standby_sweep_lib recovery_standby recovery_store_postgres recovery_ledger test_simulated_device
  TIMEOUT 300 LABEL fault)
target_include_directories(fault_standby PRIVATE ${CMAKE_BINARY_DIR}/generated)
target_include_directories(fault_standby SYSTEM PRIVATE ${NLOHMANN_JSON_INCLUDE_DIR})

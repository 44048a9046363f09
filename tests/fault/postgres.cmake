# Preloaded into a server; see the comment at its top.
add_library(failing_sync SHARED postgres/failing_sync.cc)
labrec_runs_tests(fault failing_sync)
target_compile_options(failing_sync PRIVATE ${LABREC_WARNINGS} -fvisibility=default)
target_link_libraries(failing_sync PRIVATE ${CMAKE_DL_LIBS})
set_target_properties(failing_sync PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
labrec_test(fault_postgres
  SOURCES postgres/commit_test.cc postgres/demands_test.cc postgres/cutting_proxy.cc postgres/failover_test.cc postgres/hole_test.cc postgres/pair.cc
          postgres/wire_test.cc
  DEPS recovery_store_postgres recovery_ledger test_postgres test_simulated_device test_finished_command
       test_small_disk
  TIMEOUT 600 LABEL fault)
target_compile_definitions(fault_postgres PRIVATE LABREC_FAILING_SYNC="${CMAKE_BINARY_DIR}/tests/libfailing_sync.so")
add_dependencies(fault_postgres failing_sync)

labrec_test(canary
  SOURCES canary_test.cc
  DEPS test_realm_fixture test_process_memory recovery_client recovery_record recovery_server recovery_store_sqlite
       hsm_open_device pin
  LABEL integration)
add_dependencies(canary labyrinth-recoveryd labyrinth-admin)

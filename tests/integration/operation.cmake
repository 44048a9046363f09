labrec_test(operation_integration
  SOURCES metrics_endpoint_test.cc admin_users_test.cc two_devices_test.cc
  DEPS test_realm_fixture test_raw_account test_finished_command test_loopback
  TIMEOUT 180
  LABEL integration)
target_include_directories(operation_integration SYSTEM PRIVATE ${NLOHMANN_JSON_INCLUDE_DIR})
add_dependencies(operation_integration labyrinth-recover)

labrec_test(usage
  SOURCES usage_test.cc
  DEPS test_finished_command
  LABEL integration)
add_dependencies(usage labyrinth-recoveryd labyrinth-admin labyrinth-recover labyrinth-mailbox
  labyrinth-mailboxd)

labrec_test(client_test
  SOURCES client_realm_address_test.cc client_bearer_token_test.cc client_config_group_test.cc
          client_tally_test.cc client_gather_test.cc client_epoch_floor_test.cc client_exit_code_test.cc
          client_device_key_test.cc
  DEPS recovery_client recover_cli test_temporary_folder)
labrec_test(client_protocol_example_test
  SOURCES client_protocol_example_test.cc
  DEPS recovery_client)

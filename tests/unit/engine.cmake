labrec_test(engine_test
  SOURCES engine_attestation_limiter_test.cc engine_challenge_table_test.cc engine_config_check_test.cc engine_device_executor_test.cc
          engine_fair_queue_test.cc engine_host_work_test.cc engine_open_registrations_test.cc engine_request_queue_test.cc engine_sealed_private_test.cc engine_working_set_test.cc
  DEPS recovery_engine recovery_proto)

labrec_library(test_engine_realm
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/engine_realm.cc ${CMAKE_CURRENT_LIST_DIR}/engine_client.cc
  DEPS recovery_engine recovery_proto test_simulated_device test_faulty_device test_temporary_folder GTest::gtest
  PRIVATE_DEPS recovery_store_sqlite)
labrec_test(engine_integration
  SOURCES engine_guessing_test.cc engine_registration_test.cc engine_access_test.cc engine_outage_test.cc
          engine_queue_test.cc engine_key_work_test.cc
  DEPS test_engine_realm
  LABEL integration)
labrec_library(test_chip_client
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/chip_client.cc
  DEPS test_engine_realm attestation_verify recovery_proto)
labrec_test(engine_chip
  SOURCES engine_chip_test.cc engine_chip_fault_test.cc engine_chip_registrations_test.cc
  DEPS test_chip_client
  LABEL integration)

labrec_library(test_client_world
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/networked_realm.cc ${CMAKE_CURRENT_LIST_DIR}/client_world.cc
  DEPS test_engine_realm recovery_server recovery_client test_realm_proxy test_certificate GTest::gtest)
labrec_test(client_integration
  SOURCES client_recovery_test.cc client_fault_test.cc client_registration_test.cc client_account_test.cc
          client_tls_test.cc
  DEPS test_client_world OpenSSL::SSL
  TIMEOUT 180
  SERIAL  # a realm that comes back wants its port again, which a neighbour could have taken
  LABEL integration)
labrec_test(client_program
  SOURCES client_program_test.cc
  DEPS test_client_world
  TIMEOUT 180
  LABEL integration)
target_include_directories(client_program SYSTEM PRIVATE ${NLOHMANN_JSON_INCLUDE_DIR})
add_dependencies(client_program labyrinth-recover)
labrec_test(client_chip
  SOURCES client_chip_test.cc
  DEPS test_client_world test_attested_tpm
  TIMEOUT 180
  SERIAL
  LABEL integration)

labrec_library(test_realm_fixture
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/realm_fixture.cc ${CMAKE_CURRENT_LIST_DIR}/../tpm/tabrmd.cc
          ${CMAKE_CURRENT_LIST_DIR}/../net/tls_chain.cc
  DEPS hsm_base recovery_proto test_child_process test_swtpm test_softhsm test_simulated_device
  PRIVATE_DEPS recovery_server test_folder_watch test_loopback)
target_include_directories(test_realm_fixture PRIVATE ${CMAKE_BINARY_DIR}/generated)
target_include_directories(test_realm_fixture SYSTEM PRIVATE ${NLOHMANN_JSON_INCLUDE_DIR})
# What it runs is built before it.
add_dependencies(test_realm_fixture labyrinth-recoveryd labyrinth-admin)

# From a PIN to a readable history, with the programs themselves.
labrec_library(test_mailbox_world
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/mailbox_world.cc ${CMAKE_CURRENT_LIST_DIR}/operated_store.cc
  DEPS test_realm_fixture recovery_client mailbox_commands mailbox_grpc_store GTest::gtest GTest::gmock
  PRIVATE_DEPS recovery_store_sqlite SQLite::SQLite3)
target_include_directories(test_mailbox_world PRIVATE ${CMAKE_BINARY_DIR}/generated)
target_include_directories(test_mailbox_world SYSTEM PRIVATE ${NLOHMANN_JSON_INCLUDE_DIR})
add_dependencies(test_mailbox_world labyrinth-mailbox labyrinth-mailboxd)

labrec_test(mailbox_integration
  SOURCES mailbox_journey_test.cc mailbox_attacks_test.cc mailbox_floor_test.cc mailbox_quickstart_test.cc
          mailbox_dump_test.cc mailbox_scale_test.cc
  DEPS test_mailbox_world
  TIMEOUT 240
  LABEL integration)

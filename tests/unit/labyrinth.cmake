labrec_test(labyrinth_test
  SOURCES labyrinth_recovery_code_test.cc labyrinth_padding_test.cc labyrinth_hpke_test.cc labyrinth_mailbox_test.cc
          labyrinth_restore_test.cc labyrinth_members_test.cc labyrinth_edges_test.cc labyrinth_message_test.cc
          labyrinth_state_test.cc labyrinth_scale_test.cc ../support/memory_store.cc
  DEPS recovery_labyrinth)

# Every store of the mailbox example keeps the contract of MessageStore.
labrec_test(mailbox_store_test
  SOURCES mailbox_store_contract_test.cc mailbox_folder_store_test.cc mailbox_server_test.cc mailbox_lying_server_test.cc
          mailbox_floor_rules_test.cc ../support/memory_store.cc
  DEPS mailbox_store mailbox_grpc_store mailbox_server mailbox_commands test_temporary_folder test_certificate)

labrec_test(mailbox_cli_test
  SOURCES mailbox_cli_test.cc)
add_dependencies(mailbox_cli_test labyrinth-mailbox)

labrec_test(fault_pkcs11
  SOURCES pkcs11_anchor_fault_test.cc pkcs11_connection_fault_test.cc pkcs11_provision_fault_test.cc
          pkcs11_two_services_test.cc pkcs11_fault_fixture.cc
  DEPS hsm_pkcs11 recovery_ledger recovery_store_sqlite test_softhsm test_temporary_folder test_token_editor
       faulty_pkcs11 OpenSSL::Crypto absl::synchronization
  TIMEOUT 300 LABEL fault)

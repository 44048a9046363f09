labrec_test(fault_pkcs11
  SOURCES pkcs11/anchor_fault_test.cc pkcs11/connection_fault_test.cc pkcs11/provision_fault_test.cc
          pkcs11/late_key_test.cc pkcs11/two_services_test.cc pkcs11/fault_fixture.cc
  DEPS hsm_pkcs11 recovery_ledger recovery_store_sqlite test_softhsm test_temporary_folder test_token_editor
       faulty_pkcs11 OpenSSL::Crypto absl::synchronization
  TIMEOUT 300 LABEL fault)

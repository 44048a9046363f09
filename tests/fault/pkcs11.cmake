labrec_test(fault_pkcs11
  SOURCES pkcs11_anchor_fault_test.cc pkcs11_connection_fault_test.cc pkcs11_provision_fault_test.cc
          pkcs11_fault_fixture.cc
  DEPS hsm_pkcs11 test_softhsm faulty_pkcs11 OpenSSL::Crypto
  TIMEOUT 300 LABEL fault)

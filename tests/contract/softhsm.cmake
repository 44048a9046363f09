labrec_test(contract_softhsm
  SOURCES softhsm_contract_test.cc
  DEPS capability_contracts device_contract contract_fixture hsm_pkcs11 test_softhsm
  LABEL contract)

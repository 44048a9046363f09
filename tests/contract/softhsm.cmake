labrec_test(contract_softhsm
  SOURCES ${CONTRACT_SUITES} softhsm_contract_test.cc
  DEPS hsm_pkcs11 test_softhsm
  LABEL contract)

labrec_test(contract_softhsm
  SOURCES ${CONTRACT_SUITES} ${CMAKE_CURRENT_LIST_DIR}/softhsm_contract_test.cc
  DEPS hsm_pkcs11 test_softhsm
  LABEL contract)

labrec_test(contract_swtpm
  SOURCES ${CONTRACT_SUITES} ${CMAKE_CURRENT_LIST_DIR}/swtpm_device.cc
          ${CMAKE_CURRENT_LIST_DIR}/swtpm_contract_test.cc
  DEPS hsm_tpm2 test_swtpm
  LABEL contract)

# Keys that the device counts: TPM 2.0 alone has them.
labrec_test(counted_keys
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/contract_suites.cc ${CMAKE_CURRENT_LIST_DIR}/swtpm_device.cc
          ${CMAKE_CURRENT_LIST_DIR}/counted_fixture.cc
          ${CMAKE_CURRENT_LIST_DIR}/counted_key_contract_test.cc ${CMAKE_CURRENT_LIST_DIR}/counted_fault_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/counted_range_test.cc ${CMAKE_CURRENT_LIST_DIR}/counted_sessions_test.cc
  DEPS hsm_tpm2 attestation_verify test_swtpm test_tpm_proxy PkgConfig::TSS2
  LABEL contract)

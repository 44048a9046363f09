labrec_test(contract_swtpm
  SOURCES ${CONTRACT_SUITES} ${CMAKE_CURRENT_LIST_DIR}/swtpm_device.cc
          ${CMAKE_CURRENT_LIST_DIR}/swtpm_contract_test.cc
  DEPS hsm_tpm2 test_swtpm
  LABEL contract)

# What only a TPM promises: its slots, its bus, its hierarchies.
labrec_test(tpm2_device
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/contract_suites.cc ${CMAKE_CURRENT_LIST_DIR}/swtpm_device.cc
          ${CMAKE_CURRENT_LIST_DIR}/tpm2_slots_test.cc ${CMAKE_CURRENT_LIST_DIR}/tpm2_fault_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/tpm2_provision_test.cc
  DEPS hsm_tpm2 test_swtpm test_tpm_proxy PkgConfig::TSS2
  LABEL contract)

labrec_test(open_device
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/contract_suites.cc ${CMAKE_CURRENT_LIST_DIR}/swtpm_device.cc
          ${CMAKE_CURRENT_LIST_DIR}/open_device_test.cc
  DEPS hsm_open_device hsm_tpm2 test_swtpm
  LABEL contract)

# Evidence of a real device, checked by the verifier.
labrec_test(tpm2_attester
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/contract_suites.cc ${CMAKE_CURRENT_LIST_DIR}/swtpm_device.cc
          ${CMAKE_CURRENT_LIST_DIR}/tpm2_attester_test.cc
  DEPS hsm_tpm2 attestation_produce test_swtpm test_attested_tpm test_tpm_proxy PkgConfig::TSS2
  LABEL contract)

# Keys that are bound to PCRs.
labrec_test(tpm2_pcr
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/contract_suites.cc ${CMAKE_CURRENT_LIST_DIR}/swtpm_device.cc
          ${CMAKE_CURRENT_LIST_DIR}/tpm2_pcr_test.cc
  DEPS hsm_tpm2 attestation_produce test_swtpm test_attested_tpm test_tpm_proxy test_temporary_folder PkgConfig::TSS2
  LABEL contract)

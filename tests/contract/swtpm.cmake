labrec_test(contract_swtpm
  SOURCES ${CONTRACT_SUITES} swtpm_device.cc
          swtpm_contract_test.cc
  DEPS hsm_tpm2 test_swtpm
  LABEL contract)

# What only a TPM promises: its slots, its bus, its hierarchies.
labrec_test(tpm2_device
  SOURCES contract_suites.cc swtpm_device.cc
          tpm2/slots_test.cc tpm2/fault_test.cc
          tpm2/provision_test.cc
  DEPS hsm_tpm2 test_swtpm test_tpm_proxy PkgConfig::TSS2
  LABEL contract)

labrec_test(open_device
  SOURCES contract_suites.cc swtpm_device.cc
          open_device_test.cc
  DEPS hsm_open_device hsm_tpm2 test_swtpm
  LABEL contract)

# Evidence of a real device, checked by the verifier.
labrec_test(tpm2_attester
  SOURCES contract_suites.cc swtpm_device.cc
          tpm2/attester_test.cc
  DEPS hsm_tpm2 attestation_produce test_swtpm test_attested_tpm test_tpm_proxy PkgConfig::TSS2
  LABEL contract)

# Keys that are bound to PCRs.
labrec_test(tpm2_pcr
  SOURCES contract_suites.cc swtpm_device.cc
          tpm2/pcr_test.cc
  DEPS hsm_tpm2 attestation_produce test_swtpm test_attested_tpm test_tpm_proxy test_temporary_folder PkgConfig::TSS2
  LABEL contract)

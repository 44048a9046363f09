labrec_test(contract_swtpm
  SOURCES swtpm_contract_test.cc
  DEPS capability_contracts device_contract swtpm_under_test
  LABEL contract)

# What only a TPM promises: its slots, its bus, its hierarchies.
labrec_test(tpm2_device
  SOURCES tpm2/slots_test.cc tpm2/fault_test.cc tpm2/commit_test.cc tpm2/provision_test.cc
  DEPS swtpm_under_test disturbed_bus test_tpm_proxy test_temporary_folder PkgConfig::TSS2
  LABEL contract)

labrec_test(open_device
  SOURCES open_device_test.cc
  DEPS hsm_open_device swtpm_under_test
  LABEL contract)

# Evidence of a real device, checked by the verifier.
labrec_test(tpm2_attester
  SOURCES tpm2/attester_test.cc
  DEPS swtpm_under_test attestation_produce test_attested_tpm test_tpm_proxy PkgConfig::TSS2
  LABEL contract)

# Keys that are bound to PCRs.
labrec_test(tpm2_pcr
  SOURCES tpm2/pcr_test.cc
  DEPS swtpm_under_test attestation_produce test_attested_tpm test_tpm_proxy test_temporary_folder PkgConfig::TSS2
  LABEL contract)

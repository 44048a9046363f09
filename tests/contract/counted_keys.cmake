# Keys that the device counts: TPM 2.0 alone has them.
labrec_test(counted_keys
  SOURCES contract_suites.cc swtpm_device.cc
          counted/fixture.cc
          counted/key_contract_test.cc counted/fault_test.cc
          counted/range_test.cc counted/sessions_test.cc
  DEPS hsm_tpm2 attestation_verify test_swtpm test_tpm_proxy PkgConfig::TSS2
  LABEL contract)

labrec_test(attestation_swtpm_test
  SOURCES attestation_chip_record_test.cc
  DEPS attestation_verify test_attested_tpm)

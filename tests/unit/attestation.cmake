# Pure: captured evidence, certificates and structures.
labrec_test(attestation_test
  SOURCES attestation_attest_policy_test.cc attestation_captured_chips_test.cc attestation_damage_test.cc attestation_ek_chain_test.cc
          attestation_pcr_approval_test.cc
          attestation_structures_test.cc
  DEPS attestation_verify test_temporary_folder OpenSSL::Crypto)

# Against software TPMs, with tpm2-tools as witnesses.
labrec_test(attestation_swtpm_test
  SOURCES attestation_chip_record_test.cc attestation_policy_digest_test.cc attestation_realm_test.cc
  DEPS attestation_verify test_attested_tpm)

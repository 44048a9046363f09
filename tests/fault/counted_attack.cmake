# Root with the TPM's owner authorisation against records that the TPM counts.
labrec_test(counted_attack
  SOURCES counted_attack.cc counted_attacker.cc counted_attack_writes_test.cc counted_attack_uses_test.cc
          counted_attack_hierarchies_test.cc counted_attack_moves_test.cc
          ../contract/contract_suites.cc ../contract/swtpm_device.cc ../contract/counted_fixture.cc
  DEPS hsm_tpm2 attestation_verify test_swtpm PkgConfig::TSS2
  LABEL fault)

# Root with the TPM's owner authorisation against records that the TPM counts.
labrec_test(counted_attack
  SOURCES counted/attack.cc counted/attacker.cc counted/attack_writes_test.cc counted/attack_uses_test.cc
          counted/attack_hierarchies_test.cc counted/attack_moves_test.cc counted/attack_salts_test.cc
  DEPS counted_fixture attestation_verify PkgConfig::TSS2
  LABEL fault)

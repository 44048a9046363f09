labrec_test(attest_integration
  SOURCES attest_pcr_test.cc attest_software_ek_test.cc attest_test.cc
  DEPS test_realm_fixture test_realm_proxy test_attested_tpm test_finished_command test_temporary_folder attestation_verify OpenSSL::Crypto
  TIMEOUT 180
  LABEL integration)
target_include_directories(attest_integration SYSTEM PRIVATE ${NLOHMANN_JSON_INCLUDE_DIR})
add_dependencies(attest_integration labyrinth-recover)

# A realm that reaches its TPM through a resource manager.
labrec_test(tabrmd_integration
  SOURCES tabrmd_test.cc
  DEPS test_realm_fixture test_realm_proxy test_attested_tpm test_temporary_folder attestation_verify
  TIMEOUT 180
  LABEL integration)
target_include_directories(tabrmd_integration SYSTEM PRIVATE ${NLOHMANN_JSON_INCLUDE_DIR})
add_dependencies(tabrmd_integration labyrinth-recover)

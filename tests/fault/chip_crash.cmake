labrec_test(chip_crash
  SOURCES chip_crash_test.cc
  DEPS recovery_client test_attested_tpm test_realm_fixture test_tpm_proxy
  TIMEOUT 300
  LABEL fault)
target_include_directories(chip_crash SYSTEM PRIVATE ${NLOHMANN_JSON_INCLUDE_DIR})

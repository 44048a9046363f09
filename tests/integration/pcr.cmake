labrec_test(pcr_integration
  SOURCES pcr_test.cc
  DEPS test_realm_fixture test_raw_account test_finished_command test_temporary_folder test_tpm_tools
  TIMEOUT 180
  LABEL integration)
target_include_directories(pcr_integration SYSTEM PRIVATE ${NLOHMANN_JSON_INCLUDE_DIR})

labrec_test(operator_integration
  SOURCES operator_test.cc
  DEPS test_realm_fixture test_raw_account test_temporary_folder test_token_editor SQLite::SQLite3
  TIMEOUT 180
  LABEL integration)
target_include_directories(operator_integration SYSTEM PRIVATE ${NLOHMANN_JSON_INCLUDE_DIR})

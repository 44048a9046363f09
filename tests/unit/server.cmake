labrec_test(server_test
  SOURCES server_token_test.cc server_jwks_test.cc server_config_test.cc server_fields_test.cc
          server_realm_folder_test.cc server_admin_socket_test.cc server_audit_log_test.cc server_wear_test.cc
          server_connection_table_test.cc server_rate_limiter_test.cc server_tls_keys_test.cc
  DEPS recovery_server recoveryd_config test_swtpm test_certificate OpenSSL::Crypto)
target_include_directories(server_test SYSTEM PRIVATE ${NLOHMANN_JSON_INCLUDE_DIR})

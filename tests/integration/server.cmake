labrec_library(test_api_client
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/api_client.cc
  DEPS test_realm_fixture recovery_api recovery_proto hsm_base)
labrec_test(server_integration
  SOURCES server_refusals_test.cc server_outage_test.cc server_storage_test.cc server_admin_test.cc
          server_tls_test.cc server_lifecycle_test.cc server_overload_test.cc
          server_connections_test.cc
  DEPS test_api_client test_database_editor test_health_client test_http2_connection test_tpm_proxy test_loopback
       recovery_server
  TIMEOUT 180 LABEL integration)
target_include_directories(server_integration SYSTEM PRIVATE ${NLOHMANN_JSON_INCLUDE_DIR})

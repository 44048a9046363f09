labrec_library(test_tls_client
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/tls_client.cc
  DEPS test_http_connection OpenSSL::SSL
  PRIVATE_DEPS test_loopback)

labrec_library(test_http2_connection
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/http2_connection.cc
  DEPS hsm_base OpenSSL::SSL OpenSSL::Crypto)

labrec_library(test_openssl_random
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/openssl_random.cc
  DEPS OpenSSL::Crypto)

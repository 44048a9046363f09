labrec_library(test_certificate
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_certificate.cc
  DEPS hsm_base test_temporary_folder
  PRIVATE_DEPS OpenSSL::Crypto)

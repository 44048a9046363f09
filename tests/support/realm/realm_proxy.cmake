labrec_library(test_realm_proxy
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/realm_proxy.cc
  DEPS recovery_proto test_certificate)

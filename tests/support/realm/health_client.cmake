labrec_library(test_health_client
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/health_client.cc
  DEPS test_realm_fixture gRPC::grpc++)

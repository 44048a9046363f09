labrec_library(test_http_connection
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/http_connection.cc
  DEPS absl::status absl::statusor absl::strings
  PRIVATE_DEPS test_loopback)

labrec_library(test_nginx
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/nginx.cc
  DEPS test_realm_fixture test_temporary_folder
  PRIVATE_DEPS test_loopback)
target_include_directories(test_nginx PRIVATE ${CMAKE_BINARY_DIR}/generated)

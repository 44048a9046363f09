labrec_library(test_service_realm
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/service_realm.cc
  DEPS recovery_server_service recovery_store_sqlite test_temporary_folder
  PRIVATE_DEPS spdlog::spdlog)

labrec_library(test_storage
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/storage.cc
  DEPS recovery_store GTest::gtest
  PRIVATE_DEPS recovery_store_sqlite recovery_store_postgres test_postgres SQLite::SQLite3)

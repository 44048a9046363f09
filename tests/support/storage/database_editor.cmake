labrec_library(test_database_editor
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/database_editor.cc
  PRIVATE_DEPS SQLite::SQLite3)

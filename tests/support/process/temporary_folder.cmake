labrec_library(test_temporary_folder
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/temporary_folder.cc)

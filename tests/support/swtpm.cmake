labrec_library(test_swtpm
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/swtpm.cc ${CMAKE_CURRENT_LIST_DIR}/temporary_folder.cc
  DEPS hsm_base)

labrec_library(test_swtpm
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/swtpm.cc
  DEPS hsm_base test_temporary_folder)

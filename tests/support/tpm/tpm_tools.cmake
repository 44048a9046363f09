labrec_library(test_tpm_tools
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/tpm_tools.cc
  DEPS hsm_base test_swtpm test_temporary_folder)

labrec_library(test_tpm_proxy SOURCES ${CMAKE_CURRENT_LIST_DIR}/tpm_proxy.cc DEPS hsm_base test_swtpm)

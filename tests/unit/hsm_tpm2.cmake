labrec_test(unit_hsm_tpm2
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/hsm_tpm2_error_test.cc ${CMAKE_CURRENT_LIST_DIR}/hsm_tpm2_state_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/hsm_tpm2_parts_test.cc
  DEPS hsm_tpm2 PkgConfig::TSS2
  LABEL unit)

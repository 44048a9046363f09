labrec_library(test_attested_tpm
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/attested_tpm.cc ${CMAKE_CURRENT_LIST_DIR}/ek_certificate.cc
          ${CMAKE_CURRENT_LIST_DIR}/local_ca.cc
  DEPS attestation_verify test_tpm_tools)

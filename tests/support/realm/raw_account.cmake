labrec_library(test_raw_account
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/raw_account.cc ${CMAKE_CURRENT_LIST_DIR}/ready_signer.cc
  DEPS hsm_base recovery_proto recovery_api recovery_record_config)

labrec_library(test_process_memory
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/process_memory.cc
  DEPS hsm_base)

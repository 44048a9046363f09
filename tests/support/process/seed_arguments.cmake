labrec_library(test_seed_arguments
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/seed_arguments.cc
  DEPS absl::strings)

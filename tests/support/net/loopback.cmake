labrec_library(test_loopback
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/loopback.cc
  DEPS absl::statusor)

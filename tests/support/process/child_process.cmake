labrec_library(test_child_process
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/child_process.cc ${CMAKE_CURRENT_LIST_DIR}/other_process.cc ${CMAKE_CURRENT_LIST_DIR}/file_locks.cc
  DEPS absl::statusor absl::strings)

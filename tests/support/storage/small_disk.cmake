labrec_library(test_small_disk
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/small_disk.cc
  DEPS test_finished_command test_temporary_folder absl::cleanup absl::statusor absl::strings)

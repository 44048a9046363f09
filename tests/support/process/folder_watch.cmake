labrec_library(test_folder_watch
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/folder_watch.cc
  DEPS absl::statusor absl::strings)

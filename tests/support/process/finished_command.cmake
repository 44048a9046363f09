labrec_library(test_finished_command
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/finished_command.cc
  DEPS test_temporary_folder)

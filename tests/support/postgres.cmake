find_program(POSTGRES_SERVER postgres PATHS /usr/lib/postgresql/17/bin /usr/lib/postgresql/16/bin
  /usr/lib/postgresql/15/bin REQUIRED)
cmake_path(GET POSTGRES_SERVER PARENT_PATH POSTGRES_PROGRAMS)
labrec_library(test_postgres
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/postgres.cc
  DEPS test_child_process test_temporary_folder
  PRIVATE_DEPS hsm_base test_finished_command PkgConfig::LIBPQ)
target_compile_definitions(test_postgres PRIVATE LABREC_POSTGRES_PROGRAMS="${POSTGRES_PROGRAMS}")

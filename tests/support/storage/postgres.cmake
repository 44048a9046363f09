# Debian keeps the server's programs out of PATH, by version.
find_program(POSTGRES_BASEBACKUP pg_basebackup
  PATHS /usr/lib/postgresql/17/bin /usr/lib/postgresql/16/bin /usr/lib/postgresql/15/bin NO_DEFAULT_PATH)
find_program(POSTGRES_BASEBACKUP pg_basebackup REQUIRED)
cmake_path(GET POSTGRES_BASEBACKUP PARENT_PATH POSTGRES_PROGRAMS)
labrec_library(test_postgres
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/postgres.cc
  DEPS test_child_process test_temporary_folder
  PRIVATE_DEPS hsm_base test_finished_command PkgConfig::LIBPQ)
target_compile_definitions(test_postgres PRIVATE LABREC_POSTGRES_PROGRAMS="${POSTGRES_PROGRAMS}")

find_file(SOFTHSM2_MODULE libsofthsm2.so
  PATHS /usr/lib/softhsm /usr/local/lib/softhsm /usr/lib64/softhsm REQUIRED)
find_program(SOFTHSM2_UTIL softhsm2-util REQUIRED)
labrec_library(test_softhsm
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/softhsm.cc
  DEPS hsm_base test_temporary_folder)
target_compile_definitions(test_softhsm PRIVATE
  LABREC_SOFTHSM2_MODULE="${SOFTHSM2_MODULE}" LABREC_SOFTHSM2_UTIL="${SOFTHSM2_UTIL}")

labrec_test(chip_integration
  SOURCES chip_full_test.cc chip_rollback_test.cc
  DEPS test_chip_realm test_finished_command test_temporary_folder
  TIMEOUT 180
  LABEL integration)
add_dependencies(chip_integration labyrinth-recover)

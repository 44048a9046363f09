labrec_test(labyrinth_test
  SOURCES labyrinth_recovery_code_test.cc labyrinth_padding_test.cc labyrinth_hpke_test.cc
  DEPS recovery_labyrinth)

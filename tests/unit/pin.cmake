labrec_test(pin_test
  SOURCES pin_hash_to_curve_test.cc pin_oprf_test.cc
  DEPS pin)

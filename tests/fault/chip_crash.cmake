labrec_test(chip_crash
  SOURCES chip/crash_test.cc
  DEPS test_chip_realm
  TIMEOUT 400
  LABEL fault)
labrec_test(chip_outage
  SOURCES chip/outage_test.cc
  DEPS test_chip_realm
  TIMEOUT 400
  LABEL fault)

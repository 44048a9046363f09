labrec_test(record_test
  SOURCES record_limits_test.cc record_devices_test.cc record_registration_test.cc record_guessing_test.cc
          record_floor_test.cc record_chip_test.cc record_lowering_test.cc record_codec_test.cc record_property_test.cc
  DEPS recovery_record)

# Keys that the device counts: TPM 2.0 alone has them.
labrec_library(counted_fixture
  SOURCES counted/fixture.cc
  DEPS swtpm_under_test GTest::gtest
  PRIVATE_DEPS attestation_verify)
labrec_test(counted_keys
  SOURCES counted/key_contract_test.cc counted/fault_test.cc counted/range_test.cc counted/sessions_test.cc
  DEPS counted_fixture disturbed_bus attestation_verify PkgConfig::TSS2
  LABEL contract)

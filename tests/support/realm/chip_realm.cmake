labrec_library(test_chip_realm
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/chip_realm.cc
  DEPS recovery_client attestation_verify test_realm_fixture test_tpm_proxy
  PRIVATE_DEPS test_attested_tpm)
target_include_directories(test_chip_realm SYSTEM PUBLIC ${NLOHMANN_JSON_INCLUDE_DIR})

labrec_test(pkcs11_test
  SOURCES pkcs11_address_test.cc pkcs11_backoff_test.cc pkcs11_error_test.cc pkcs11_names_test.cc
          pkcs11_sign_recovery_test.cc pkcs11_state_test.cc
  DEPS hsm_pkcs11 PkgConfig::P11KIT)

labrec_test(pin_test
  SOURCES pin_confirmation_test.cc pin_derivation_test.cc pin_field_element_test.cc pin_guess_policy_test.cc pin_hash_to_curve_test.cc
          pin_oprf_test.cc pin_padding_test.cc pin_secret_sharing_test.cc pin_stretch_test.cc
          pin_subset_search_test.cc
  DEPS pin OpenSSL::Crypto)

labrec_test(hsm_base_test
  SOURCES hsm_base_aead_test.cc hsm_base_ecdsa_test.cc hsm_base_encoding_test.cc hsm_base_file_test.cc
          hsm_base_hash_test.cc hsm_base_p256_test.cc hsm_base_pcr_selection_test.cc hsm_base_scalar_test.cc hsm_base_secret_bytes_test.cc
  DEPS hsm_base OpenSSL::Crypto)

labrec_test(hsm_counted_key_test SOURCES hsm_counted_key_test.cc DEPS hsm_kept)

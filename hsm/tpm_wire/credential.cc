#include "hsm/tpm_wire/credential.h"

#include <cstdlib>

#include <openssl/evp.h>

#include "hsm/base/encoding.h"
#include "hsm/base/openssl_ptr.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/kdf.h"
#include "hsm/tpm_wire/shared_seed.h"

namespace labrec::tpm {
namespace {

const EVP_CIPHER* AesCfb(uint16_t key_bits) {
  switch (key_bits) {
    case 128:
      return EVP_aes_128_cfb128();
    case 192:
      return EVP_aes_192_cfb128();
    default:
      return EVP_aes_256_cfb128();
  }
}

// AES-CFB with a zero IV (Part 1, section 24.4).
Bytes Encrypt(uint16_t key_bits, ByteView key, ByteView plaintext) {
  const CipherCtxPtr context(EVP_CIPHER_CTX_new());
  const uint8_t iv[16] = {};
  Bytes out(plaintext.size());
  int size = 0;
  if (context == nullptr ||
      EVP_EncryptInit_ex(context.get(), AesCfb(key_bits), nullptr, key.data(), iv) != 1 ||
      EVP_EncryptUpdate(context.get(), out.data(), &size, plaintext.data(),
                        static_cast<int>(plaintext.size())) != 1 ||
      static_cast<size_t>(size) != out.size()) {
    std::abort();
  }
  return out;
}

bool IsStorageKey(const TpmtPublic& key) {
  return key.Has(kObjectRestricted | kObjectDecrypt) && !key.HasAny(kObjectSign) &&
         key.symmetric.algorithm == kAlgAes;
}

}  // namespace

absl::StatusOr<CredentialBlob> MakeCredential(const TpmtPublic& ek, ByteView object_name,
                                              const SecretBytes& credential, const RandomSource& random) {
  const HashAlgorithm hash = ek.name_algorithm;
  if (!IsStorageKey(ek)) {
    return absl::InvalidArgumentError("credentials are made for a restricted decryption key with AES");
  }
  if (credential.empty() || credential.size() > DigestSize(hash)) {
    return absl::InvalidArgumentError("a credential is at most a digest of the key's name algorithm long");
  }
  LABREC_ASSIGN_OR_RETURN(const SharedSeed shared, MakeIdentitySeed(ek, random));
  const SecretBytes key = KdfA(hash, shared.seed.view(), "STORAGE", object_name, {}, ek.symmetric.key_bits);
  const Bytes size = Writer().U16(static_cast<uint16_t>(credential.size())).bytes();
  const SecretBytes sized = SecretBytes::Concat({size, credential.view()});
  const Bytes identity = Encrypt(ek.symmetric.key_bits, key.view(), sized.view());

  const uint32_t bits = static_cast<uint32_t>(DigestSize(hash) * 8);
  const SecretBytes hmac_key = KdfA(hash, shared.seed.view(), "INTEGRITY", {}, {}, bits);
  const SecretBytes integrity = Hmac(hash, hmac_key.view(), {identity, object_name});
  const Bytes id_object = Writer().Lp(integrity.view()).Raw(identity).bytes();
  return CredentialBlob{Writer().Lp(id_object).bytes(), shared.encrypted};
}

}  // namespace labrec::tpm

#include "hsm/base/hash.h"

#include <cstdlib>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/sha.h>

#include "hsm/base/openssl_ptr.h"

namespace labrec {
namespace {

// Fetched once: an EVP fetch per call costs more than the hash.
EVP_KDF* HkdfAlgorithm() {
  static EVP_KDF* const kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  if (kdf == nullptr) std::abort();
  return kdf;
}

SecretBytes RunHkdf(int mode, ByteView key, ByteView salt, ByteView info, size_t length) {
  std::unique_ptr<EVP_KDF_CTX, OpensslFree<EVP_KDF_CTX_free>> context(EVP_KDF_CTX_new(HkdfAlgorithm()));
  char digest[] = "SHA256";
  auto octets = [](const char* name, ByteView view) {
    return OSSL_PARAM_construct_octet_string(name, const_cast<uint8_t*>(view.data()), view.size());
  };
  OSSL_PARAM params[6];
  int count = 0;
  params[count++] = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
  params[count++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
  params[count++] = octets(OSSL_KDF_PARAM_KEY, key);
  if (!salt.empty()) params[count++] = octets(OSSL_KDF_PARAM_SALT, salt);
  if (!info.empty()) params[count++] = octets(OSSL_KDF_PARAM_INFO, info);
  params[count] = OSSL_PARAM_construct_end();
  SecretBytes out = SecretBytes::OfSize(length);
  if (context == nullptr || EVP_KDF_derive(context.get(), out.data(), length, params) != 1) std::abort();
  return out;
}

}  // namespace

Digest Sha256(ByteView data) {
  Digest out;
  SHA256(data.data(), data.size(), out.data());
  return out;
}

SecretBytes HmacSha256(ByteView key, ByteView data) {
  SecretBytes out = SecretBytes::OfSize(32);
  unsigned size = 32;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data.data(), data.size(), out.data(),
           &size) == nullptr) {
    std::abort();
  }
  return out;
}

SecretBytes Hkdf(ByteView key_material, ByteView salt, ByteView info, size_t length) {
  return RunHkdf(EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND, key_material, salt, info, length);
}

SecretBytes HkdfExpand(ByteView pseudorandom_key, ByteView info, size_t length) {
  return RunHkdf(EVP_KDF_HKDF_MODE_EXPAND_ONLY, pseudorandom_key, {}, info, length);
}

}  // namespace labrec

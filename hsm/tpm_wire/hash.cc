#include "hsm/tpm_wire/hash.h"

#include <cstdlib>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "hsm/base/openssl_ptr.h"

namespace labrec::tpm {
namespace {

using MacPtr = std::unique_ptr<EVP_MAC, OpensslFree<EVP_MAC_free>>;
using MacCtxPtr = std::unique_ptr<EVP_MAC_CTX, OpensslFree<EVP_MAC_CTX_free>>;

void Require(bool ok) {
  if (!ok) std::abort();
}

const EVP_MD* Digest(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::kSha256:
      return EVP_sha256();
    case HashAlgorithm::kSha384:
      return EVP_sha384();
    case HashAlgorithm::kSha512:
      return EVP_sha512();
  }
  std::abort();
}

void HashInto(HashAlgorithm algorithm, std::initializer_list<ByteView> parts, std::span<uint8_t> out) {
  const MdCtxPtr context(EVP_MD_CTX_new());
  Require(context != nullptr && EVP_DigestInit_ex(context.get(), Digest(algorithm), nullptr) == 1);
  for (ByteView part : parts) {
    Require(part.empty() || EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1);
  }
  Require(EVP_DigestFinal_ex(context.get(), out.data(), nullptr) == 1);
}

}  // namespace

std::optional<HashAlgorithm> HashAlgorithmOf(uint16_t alg_id) {
  for (HashAlgorithm known : {HashAlgorithm::kSha256, HashAlgorithm::kSha384, HashAlgorithm::kSha512}) {
    if (AlgId(known) == alg_id) return known;
  }
  return std::nullopt;
}

size_t DigestSize(HashAlgorithm algorithm) {
  return static_cast<size_t>(EVP_MD_get_size(Digest(algorithm)));
}

const char* DigestName(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::kSha256:
      return "SHA256";
    case HashAlgorithm::kSha384:
      return "SHA384";
    case HashAlgorithm::kSha512:
      return "SHA512";
  }
  std::abort();
}

Bytes Hash(HashAlgorithm algorithm, std::initializer_list<ByteView> parts) {
  Bytes digest(DigestSize(algorithm));
  HashInto(algorithm, parts, digest);
  return digest;
}

SecretBytes HashSecret(HashAlgorithm algorithm, std::initializer_list<ByteView> parts) {
  SecretBytes digest = SecretBytes::OfSize(DigestSize(algorithm));
  HashInto(algorithm, parts, digest.mutable_view());
  return digest;
}

SecretBytes Hmac(HashAlgorithm algorithm, ByteView key, std::initializer_list<ByteView> parts) {
  std::string name = DigestName(algorithm);
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0),
                               OSSL_PARAM_construct_end()};
  const MacPtr mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  const MacCtxPtr context(EVP_MAC_CTX_new(mac.get()));
  const uint8_t none = 0;  // OpenSSL takes a null pointer for "the key of last time"
  Require(context != nullptr &&
          EVP_MAC_init(context.get(), key.empty() ? &none : key.data(), key.size(), params) == 1);
  for (ByteView part : parts) {
    Require(part.empty() || EVP_MAC_update(context.get(), part.data(), part.size()) == 1);
  }
  SecretBytes out = SecretBytes::OfSize(DigestSize(algorithm));
  size_t size = 0;
  Require(EVP_MAC_final(context.get(), out.data(), &size, out.size()) == 1 && size == out.size());
  return out;
}

}  // namespace labrec::tpm

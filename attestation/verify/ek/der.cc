#include "attestation/verify/ek/der.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

namespace labrec::attestation {
namespace {

constexpr size_t kLongest = 64U << 20;  // a vendor's revocation list

// True if `encode` writes the object as `der`.
template <typename T>
bool WritesAs(const T* object, int (*encode)(const T*, unsigned char**), ByteView der) {
  unsigned char* out = nullptr;
  const int size = encode(object, &out);
  const bool same = size > 0 && SameBytes({out, static_cast<size_t>(size)}, der);
  OPENSSL_free(out);
  return same;
}

struct CertifiedSpki {
  int algorithm = NID_undef;
  ByteView key;  // content of the BIT STRING
};

CertifiedSpki SpkiOf(const X509* certificate) {
  ASN1_OBJECT* algorithm = nullptr;
  const unsigned char* key = nullptr;
  int size = 0;
  if (X509_PUBKEY_get0_param(&algorithm, &key, &size, nullptr, X509_get_X509_PUBKEY(certificate)) != 1)
    return {};
  return {OBJ_obj2nid(algorithm), {key, static_cast<size_t>(size)}};
}

}  // namespace

absl::StatusOr<X509Ptr> ParseCertificate(ByteView der) {
  const unsigned char* at = der.data();
  X509Ptr parsed;
  if (!der.empty() && der.size() <= kLongest) {
    parsed.reset(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  }
  const bool whole = parsed != nullptr && WritesAs(parsed.get(), &i2d_X509, der);
  ERR_clear_error();
  if (!whole) return absl::InvalidArgumentError("not an X.509 certificate in DER form, or bytes follow it");
  return parsed;
}

absl::StatusOr<X509CrlPtr> ParseRevocationList(ByteView der) {
  const unsigned char* at = der.data();
  X509CrlPtr parsed;
  if (!der.empty() && der.size() <= kLongest) {
    parsed.reset(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
  }
  const bool whole = parsed != nullptr && WritesAs(parsed.get(), &i2d_X509_CRL, der);
  ERR_clear_error();
  if (!whole)
    return absl::InvalidArgumentError("not a certificate revocation list in DER form, or bytes follow it");
  return parsed;
}

bool IsOaepKey(const X509* certificate) {
  return SpkiOf(certificate).algorithm == NID_rsaesOaep;
}

absl::StatusOr<PkeyPtr> CertifiedKey(const X509* certificate) {
  PkeyPtr key;
  if (IsOaepKey(certificate)) {
    const ByteView raw = SpkiOf(certificate).key;
    const unsigned char* at = raw.data();
    key.reset(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, static_cast<long>(raw.size())));
    if (key != nullptr && at != raw.data() + raw.size()) key.reset();
  } else {
    key.reset(X509_get_pubkey(const_cast<X509*>(certificate)));
  }
  ERR_clear_error();
  if (key == nullptr)
    return absl::InvalidArgumentError("the certificate holds no public key that can be used");
  return key;
}

}  // namespace labrec::attestation

#pragma once

#include "absl/status/statusor.h"

#include "hsm/base/p256.h"
#include "hsm/base/secret_bytes.h"
#include "hsm/pkcs11/token/attributes.h"
#include "hsm/pkcs11/token/objects.h"
#include "hsm/pkcs11/token/session.h"

// The cryptographic calls that this device is made of, each in one session, each on one thread at a time.
namespace labrec::hsm::pkcs11 {

// x(k*point), 32 bytes, of the private key: CKM_ECDH1_DERIVE with CKD_NULL and the raw 65-byte point (PKCS#11
// current mechanisms 2.40, section 2.3.6). The secret passes through a session object that is destroyed at
// once.
absl::StatusOr<SecretBytes> DeriveX(const Session& session, CK_OBJECT_HANDLE private_key,
                                    const P256Point& point);

// CKM_SHA256_HMAC (section 2.20), 32 bytes.
absl::StatusOr<SecretBytes> Hmac(const Session& session, CK_OBJECT_HANDLE key, ByteView message);

enum class Lifetime { kSession, kToken };

// The key's name: CKA_ID finds it, CKA_LABEL is for people (and groups the keys of an anchor).
struct KeyName {
  Bytes id;
  std::string label;
};

struct KeyPairHandles {
  CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
  CK_OBJECT_HANDLE private_key = CK_INVALID_HANDLE;
};

// CKM_EC_KEY_PAIR_GEN on P-256: sensitive, not extractable, for derivation alone (section 2.3.5). Neither
// handle has an owner yet.
absl::StatusOr<KeyPairHandles> GenerateEcPair(const Session& session, Lifetime lifetime, const KeyName& name);

// CKM_GENERIC_SECRET_KEY_GEN of 32 bytes: sensitive, not extractable, for HMAC (section 2.6). No owner yet.
absl::StatusOr<CK_OBJECT_HANDLE> GenerateHmacKey(const Session& session, Lifetime lifetime,
                                                 const KeyName& name);

// OK if the token says that the key is sensitive and not extractable.
absl::Status CheckLockedIn(const Session& session, CK_OBJECT_HANDLE key);

}  // namespace labrec::hsm::pkcs11

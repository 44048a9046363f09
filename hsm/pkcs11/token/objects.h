#pragma once

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/p256.h"
#include "hsm/pkcs11/token/attributes.h"
#include "hsm/pkcs11/token/session.h"

namespace labrec::hsm::pkcs11 {

// An object that stays on the token. Destroying one is for ever, so nothing does it on its own.
struct TokenObject {
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  bool operator==(const TokenObject&) const = default;
};

// An object that lives no longer than its session: destroyed with this owner. Borrows the session.
class SessionObject {
 public:
  SessionObject(const Session& session, CK_OBJECT_HANDLE handle) : session_(&session), handle_(handle) {}
  SessionObject(SessionObject&& other) noexcept;
  SessionObject& operator=(SessionObject&&) = delete;
  SessionObject(const SessionObject&) = delete;
  SessionObject& operator=(const SessionObject&) = delete;
  ~SessionObject();

  CK_OBJECT_HANDLE handle() const { return handle_; }

 private:
  const Session* session_;
  CK_OBJECT_HANDLE handle_;
};

// All token objects with these attributes.
absl::StatusOr<std::vector<TokenObject>> FindAll(const Session& session, Attributes wanted);

// The one token object of this class and CKA_ID. LostObject's error if there is none, FAILED_PRECONDITION if
// there are several.
absl::StatusOr<TokenObject> FindOne(const Session& session, CK_OBJECT_CLASS object_class, ByteView id);

// Destroys the object and looks whether it is gone: C_DestroyObject may report success without deleting.
// `unique` are attributes that no other token object has. UNAVAILABLE if it is still there.
absl::Status DestroyAndLook(const Session& session, TokenObject object, Attributes unique);

// A public attribute of variable length, at most 256 bytes.
absl::StatusOr<Bytes> ReadBlob(const Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);
// A boolean attribute; nullopt where the token does not have it.
absl::StatusOr<std::optional<bool>> ReadFlag(const Session& session, CK_OBJECT_HANDLE object,
                                             CK_ATTRIBUTE_TYPE type);

// CKA_EC_POINT of a P-256 public key: the DER OCTET STRING of the standard, or the bare point of some tokens.
absl::StatusOr<P256Point> ReadEcPoint(const Session& session, CK_OBJECT_HANDLE public_key);

}  // namespace labrec::hsm::pkcs11

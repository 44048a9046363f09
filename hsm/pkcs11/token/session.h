#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"
#include "hsm/pkcs11/token/cryptoki.h"

namespace labrec::hsm::pkcs11 {

// One read-write session with a token (PKCS#11 2.40, section 5.6). One thread at a time. Login belongs to the
// token, not to a session: it lasts until the last session of the process is closed.
class Session {
 public:
  static absl::StatusOr<Session> Open(CK_FUNCTION_LIST* api, CK_SLOT_ID slot);
  Session(Session&& other) noexcept;
  Session& operator=(Session&& other) noexcept;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  CK_FUNCTION_LIST* api() const { return api_; }
  CK_SESSION_HANDLE handle() const { return handle_; }

  // C_Login as the user. An empty PIN stands for the token's own PIN pad. OK if the process is logged in
  // already. Never call it again after PERMISSION_DENIED: the token may lock.
  absl::Status Login(const SecretBytes& pin) const;

 private:
  Session(CK_FUNCTION_LIST* api, CK_SESSION_HANDLE handle) : api_(api), handle_(handle) {}
  void Close();
  CK_FUNCTION_LIST* api_;
  CK_SESSION_HANDLE handle_;
};

}  // namespace labrec::hsm::pkcs11

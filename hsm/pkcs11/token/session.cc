#include "hsm/pkcs11/token/session.h"

#include <utility>

#include "hsm/base/status_macros.h"
#include "hsm/pkcs11/token/error.h"

namespace labrec::hsm::pkcs11 {

absl::StatusOr<Session> Session::Open(CK_FUNCTION_LIST* api, CK_SLOT_ID slot) {
  CK_SESSION_HANDLE handle = CK_INVALID_HANDLE;
  const CK_FLAGS flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
  LABREC_RETURN_IF_ERROR(
      FromCkRv("C_OpenSession", api->C_OpenSession(slot, flags, nullptr, nullptr, &handle)));
  return Session(api, handle);
}

Session::Session(Session&& other) noexcept
    : api_(other.api_), handle_(std::exchange(other.handle_, CK_INVALID_HANDLE)) {}

Session& Session::operator=(Session&& other) noexcept {
  if (this != &other) {
    Close();
    api_ = other.api_;
    handle_ = std::exchange(other.handle_, CK_INVALID_HANDLE);
  }
  return *this;
}

Session::~Session() {
  Close();
}

void Session::Close() {
  if (handle_ != CK_INVALID_HANDLE) (void)api_->C_CloseSession(handle_);
  handle_ = CK_INVALID_HANDLE;
}

absl::Status Session::Login(const SecretBytes& pin) const {
  auto* text = const_cast<CK_UTF8CHAR*>(pin.empty() ? nullptr : pin.data());
  const CK_RV rv = api_->C_Login(handle_, CKU_USER, text, pin.size());
  return rv == CKR_USER_ALREADY_LOGGED_IN ? absl::OkStatus() : FromCkRv("C_Login", rv);
}

}  // namespace labrec::hsm::pkcs11

#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/device.h"
#include "hsm/pkcs11/token/address.h"
#include "hsm/pkcs11/token/cryptoki.h"
#include "hsm/pkcs11/token/session.h"

namespace labrec::hsm::pkcs11 {

// A token in a slot, as it introduced itself.
struct Token {
  CK_SLOT_ID slot = 0;
  CK_TOKEN_INFO info{};
};

// The one initialized token that the address means. UNAVAILABLE: none is there; INVALID_ARGUMENT: several
// are.
absl::StatusOr<Token> FindToken(CK_FUNCTION_LIST* api, const TokenAddress& address);

// Logs the process in to the token through `session`, if the token wants it. PERMISSION_DENIED: the PIN was
// refused, or the token says that it is locked; it is not tried a second time.
absl::Status Login(const Session& session, const Token& token, const TokenAddress& address);

// From CK_TOKEN_INFO and CK_INFO (PKCS#11 2.40, sections 3.2 and 3.1). Recognizes tokens that protect
// nothing.
DeviceDescription Describe(CK_FUNCTION_LIST* api, const Token& token);

}  // namespace labrec::hsm::pkcs11

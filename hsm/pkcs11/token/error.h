#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace labrec::hsm::pkcs11 {

// What a PKCS#11 error asks of the connection.
enum class ErrorClass {
  kNone,    // no error of a PKCS#11 function
  kHandle,  // a session, login or object handle is no longer good: rebuild once and try again
  kDevice,  // the token or the module is in trouble: drain, finalize, initialize with back-off
  kPin,     // the PIN was refused: never try again, or the token locks itself
  kOther,   // the call itself is at fault
};

// A CK_RV (PKCS#11 2.40, section 4.6 "Function return values") as a status: "C_DeriveKey: CKR_DEVICE_ERROR
// (0x30): <what to do>". OK for CKR_OK. `operation` is the name of the function.
absl::Status FromCkRv(std::string_view operation, unsigned long rv);

// The raw code that FromCkRv put into this status, if one did.
std::optional<unsigned long> RawCode(const absl::Status& status);

ErrorClass ClassOf(const absl::Status& status);

// What we look for is not on the token as this connection sees it: a message of our own, in the class of
// CKR_OBJECT_HANDLE_INVALID.
absl::Status LostObject(std::string_view message);

// The same, but DATA_LOSS: what we look for was on the token, and is needed to tell what happened since.
absl::Status LostEvidence(std::string_view message);

}  // namespace labrec::hsm::pkcs11

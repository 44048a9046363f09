#include "hsm/pkcs11/token/error.h"

#include <gtest/gtest.h>

#include "hsm/pkcs11/token/cryptoki.h"

namespace labrec::hsm::pkcs11 {
namespace {

struct Expectation {
  CK_RV rv;
  const char* name;
  ErrorClass error_class;
  absl::StatusCode code;
};

TEST(Pkcs11Error, EachCodeSaysWhatToDo) {
  using enum ErrorClass;
  using enum absl::StatusCode;
  const Expectation expectations[] = {
      {CKR_SESSION_HANDLE_INVALID, "CKR_SESSION_HANDLE_INVALID", kHandle, kUnavailable},
      {CKR_SESSION_CLOSED, "CKR_SESSION_CLOSED", kHandle, kUnavailable},
      {CKR_USER_NOT_LOGGED_IN, "CKR_USER_NOT_LOGGED_IN", kHandle, kUnavailable},
      {CKR_KEY_HANDLE_INVALID, "CKR_KEY_HANDLE_INVALID", kHandle, kUnavailable},
      {CKR_OBJECT_HANDLE_INVALID, "CKR_OBJECT_HANDLE_INVALID", kHandle, kUnavailable},
      {CKR_CRYPTOKI_NOT_INITIALIZED, "CKR_CRYPTOKI_NOT_INITIALIZED", kHandle, kUnavailable},
      {CKR_DEVICE_ERROR, "CKR_DEVICE_ERROR", kDevice, kUnavailable},
      {CKR_DEVICE_REMOVED, "CKR_DEVICE_REMOVED", kDevice, kUnavailable},
      {CKR_TOKEN_NOT_PRESENT, "CKR_TOKEN_NOT_PRESENT", kDevice, kUnavailable},
      {CKR_GENERAL_ERROR, "CKR_GENERAL_ERROR", kDevice, kUnavailable},
      {CKR_FUNCTION_FAILED, "CKR_FUNCTION_FAILED", kDevice, kUnavailable},
      {CKR_VENDOR_DEFINED | 0x17, "vendor-defined", kDevice, kUnavailable},
      {CKR_PIN_INCORRECT, "CKR_PIN_INCORRECT", kPin, kPermissionDenied},
      {CKR_PIN_LOCKED, "CKR_PIN_LOCKED", kPin, kPermissionDenied},
      {CKR_PIN_EXPIRED, "CKR_PIN_EXPIRED", kPin, kPermissionDenied},
      {CKR_PIN_LEN_RANGE, "CKR_PIN_LEN_RANGE", kPin, kPermissionDenied},
      {CKR_USER_PIN_NOT_INITIALIZED, "CKR_USER_PIN_NOT_INITIALIZED", kPin, kPermissionDenied},
      {CKR_MECHANISM_INVALID, "CKR_MECHANISM_INVALID", kOther, kFailedPrecondition},
      {CKR_MECHANISM_PARAM_INVALID, "CKR_MECHANISM_PARAM_INVALID", kOther, kFailedPrecondition},
      {CKR_FUNCTION_NOT_SUPPORTED, "CKR_FUNCTION_NOT_SUPPORTED", kOther, kFailedPrecondition},
      {CKR_TEMPLATE_INCONSISTENT, "CKR_TEMPLATE_INCONSISTENT", kOther, kFailedPrecondition},
      {CKR_TOKEN_WRITE_PROTECTED, "CKR_TOKEN_WRITE_PROTECTED", kOther, kFailedPrecondition},
      {CKR_DEVICE_MEMORY, "CKR_DEVICE_MEMORY", kOther, kResourceExhausted},
      {CKR_SESSION_COUNT, "CKR_SESSION_COUNT", kOther, kResourceExhausted},
      {CKR_ARGUMENTS_BAD, "CKR_ARGUMENTS_BAD", kOther, kFailedPrecondition},
      {CKR_CANT_LOCK, "CKR_CANT_LOCK", kOther, kFailedPrecondition},
      {CKR_NEED_TO_CREATE_THREADS, "CKR_NEED_TO_CREATE_THREADS", kOther, kFailedPrecondition},
      {CKR_KEY_SIZE_RANGE, "CKR_KEY_SIZE_RANGE", kOther, kFailedPrecondition},
      {CKR_BUFFER_TOO_SMALL, "CKR_BUFFER_TOO_SMALL", kOther, kInternal},
      {0x7fffffff, "unexpected", kOther, kInternal},
  };
  for (const Expectation& expected : expectations) {
    const absl::Status status = FromCkRv("C_DeriveKey", expected.rv);
    EXPECT_EQ(status.code(), expected.code) << status;
    EXPECT_EQ(ClassOf(status), expected.error_class) << status;
    EXPECT_EQ(RawCode(status), expected.rv) << status;
    EXPECT_TRUE(
        std::string(status.message()).starts_with(std::string("C_DeriveKey: ") + expected.name + " (0x"))
        << status;
  }
}

TEST(Pkcs11Error, OkIsOk) {
  EXPECT_TRUE(FromCkRv("C_Sign", CKR_OK).ok());
  EXPECT_EQ(ClassOf(absl::OkStatus()), ErrorClass::kNone);
}

TEST(Pkcs11Error, OtherStatusesHaveNoClass) {
  EXPECT_EQ(ClassOf(absl::UnavailableError("the network")), ErrorClass::kNone);
  EXPECT_FALSE(RawCode(absl::UnavailableError("the network")).has_value());
}

TEST(Pkcs11Error, ALostObjectIsAHandleErrorWithItsOwnMessage) {
  const absl::Status lost = LostObject("the key is gone");
  EXPECT_TRUE(absl::IsFailedPrecondition(lost));
  EXPECT_EQ(lost.message(), "the key is gone");
  EXPECT_EQ(ClassOf(lost), ErrorClass::kHandle);
}

}  // namespace
}  // namespace labrec::hsm::pkcs11

#include "hsm/pkcs11/token/error.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "hsm/pkcs11/token/cryptoki.h"

namespace labrec::hsm::pkcs11 {
namespace {

constexpr char kPayload[] = "labrec.pkcs11/CK_RV";
constexpr char kHandleAdvice[] = "the session or handle is gone; it is rebuilt";
constexpr char kDeviceAdvice[] = "the token or its module is in trouble; it is opened again after a pause";
constexpr char kPinAdvice[] = "check the file of pin-source before the next attempt: tokens lock after a few";
constexpr char kMechanismAdvice[] = "the token does not offer this";
constexpr char kCallAdvice[] = "the token refuses the request as it stands";
constexpr char kModuleAdvice[] = "the module refuses to work in this process as it is set up; see its manual";
constexpr char kFullAdvice[] = "the token has no room or no session left; close other users of it";

struct Row {
  CK_RV rv;
  const char* name;
  ErrorClass error_class;
  absl::StatusCode code;
  const char* advice;
};

#define LABREC_ROW(rv, error_class, code, advice) \
  { rv, #rv, ErrorClass::error_class, absl::StatusCode::code, advice }

const Row kTable[] = {
    LABREC_ROW(CKR_SESSION_HANDLE_INVALID, kHandle, kUnavailable, kHandleAdvice),
    LABREC_ROW(CKR_SESSION_CLOSED, kHandle, kUnavailable, kHandleAdvice),
    LABREC_ROW(CKR_USER_NOT_LOGGED_IN, kHandle, kUnavailable, kHandleAdvice),
    LABREC_ROW(CKR_KEY_HANDLE_INVALID, kHandle, kUnavailable, kHandleAdvice),
    LABREC_ROW(CKR_OBJECT_HANDLE_INVALID, kHandle, kUnavailable, kHandleAdvice),
    LABREC_ROW(CKR_CRYPTOKI_NOT_INITIALIZED, kHandle, kUnavailable, kHandleAdvice),
    LABREC_ROW(CKR_OPERATION_ACTIVE, kHandle, kUnavailable, kHandleAdvice),
    LABREC_ROW(CKR_OPERATION_NOT_INITIALIZED, kHandle, kUnavailable, kHandleAdvice),
    LABREC_ROW(CKR_DEVICE_ERROR, kDevice, kUnavailable, kDeviceAdvice),
    LABREC_ROW(CKR_DEVICE_REMOVED, kDevice, kUnavailable, kDeviceAdvice),
    LABREC_ROW(CKR_TOKEN_NOT_PRESENT, kDevice, kUnavailable, kDeviceAdvice),
    LABREC_ROW(CKR_TOKEN_NOT_RECOGNIZED, kDevice, kUnavailable, kDeviceAdvice),
    LABREC_ROW(CKR_SLOT_ID_INVALID, kDevice, kUnavailable, kDeviceAdvice),
    LABREC_ROW(CKR_GENERAL_ERROR, kDevice, kUnavailable, kDeviceAdvice),
    LABREC_ROW(CKR_FUNCTION_FAILED, kDevice, kUnavailable, kDeviceAdvice),
    LABREC_ROW(CKR_FUNCTION_CANCELED, kDevice, kUnavailable, kDeviceAdvice),
    LABREC_ROW(CKR_PIN_INCORRECT, kPin, kPermissionDenied, kPinAdvice),
    LABREC_ROW(CKR_PIN_INVALID, kPin, kPermissionDenied, kPinAdvice),
    LABREC_ROW(CKR_PIN_LEN_RANGE, kPin, kPermissionDenied, kPinAdvice),
    LABREC_ROW(CKR_PIN_EXPIRED, kPin, kPermissionDenied, "set a new user PIN with the token's own tool"),
    LABREC_ROW(CKR_PIN_LOCKED, kPin, kPermissionDenied, "unlock the user PIN with the token's own tool"),
    LABREC_ROW(CKR_USER_PIN_NOT_INITIALIZED, kPin, kPermissionDenied,
               "set a user PIN with the token's own tool"),
    LABREC_ROW(CKR_USER_ANOTHER_ALREADY_LOGGED_IN, kPin, kPermissionDenied,
               "log the other user of this process out"),
    LABREC_ROW(CKR_MECHANISM_INVALID, kOther, kFailedPrecondition, kMechanismAdvice),
    LABREC_ROW(CKR_MECHANISM_PARAM_INVALID, kOther, kFailedPrecondition, kMechanismAdvice),
    LABREC_ROW(CKR_FUNCTION_NOT_SUPPORTED, kOther, kFailedPrecondition, kMechanismAdvice),
    LABREC_ROW(CKR_CURVE_NOT_SUPPORTED, kOther, kFailedPrecondition, kMechanismAdvice),
    LABREC_ROW(CKR_DOMAIN_PARAMS_INVALID, kOther, kFailedPrecondition, kMechanismAdvice),
    LABREC_ROW(CKR_RANDOM_NO_RNG, kOther, kFailedPrecondition, kMechanismAdvice),
    LABREC_ROW(CKR_KEY_FUNCTION_NOT_PERMITTED, kOther, kFailedPrecondition, kCallAdvice),
    LABREC_ROW(CKR_KEY_TYPE_INCONSISTENT, kOther, kFailedPrecondition, kCallAdvice),
    LABREC_ROW(CKR_ACTION_PROHIBITED, kOther, kFailedPrecondition, kCallAdvice),
    LABREC_ROW(CKR_TOKEN_WRITE_PROTECTED, kOther, kFailedPrecondition, kCallAdvice),
    LABREC_ROW(CKR_SESSION_READ_ONLY, kOther, kFailedPrecondition, kCallAdvice),
    LABREC_ROW(CKR_TEMPLATE_INCONSISTENT, kOther, kFailedPrecondition, kCallAdvice),
    LABREC_ROW(CKR_TEMPLATE_INCOMPLETE, kOther, kFailedPrecondition, kCallAdvice),
    LABREC_ROW(CKR_ATTRIBUTE_VALUE_INVALID, kOther, kFailedPrecondition, kCallAdvice),
    LABREC_ROW(CKR_ATTRIBUTE_TYPE_INVALID, kOther, kFailedPrecondition, kCallAdvice),
    LABREC_ROW(CKR_ATTRIBUTE_READ_ONLY, kOther, kFailedPrecondition, kCallAdvice),
    LABREC_ROW(CKR_ATTRIBUTE_SENSITIVE, kOther, kFailedPrecondition, kCallAdvice),
    LABREC_ROW(CKR_FUNCTION_REJECTED, kOther, kFailedPrecondition, kCallAdvice),
    LABREC_ROW(CKR_ARGUMENTS_BAD, kOther, kFailedPrecondition, kCallAdvice),
    LABREC_ROW(CKR_CANT_LOCK, kOther, kFailedPrecondition, kModuleAdvice),
    LABREC_ROW(CKR_NEED_TO_CREATE_THREADS, kOther, kFailedPrecondition, kModuleAdvice),
    LABREC_ROW(CKR_LIBRARY_LOAD_FAILED, kOther, kFailedPrecondition, kModuleAdvice),
    LABREC_ROW(CKR_FIPS_SELF_TEST_FAILED, kOther, kFailedPrecondition, kModuleAdvice),
    LABREC_ROW(CKR_CRYPTOKI_ALREADY_INITIALIZED, kOther, kFailedPrecondition, kModuleAdvice),
    LABREC_ROW(CKR_KEY_SIZE_RANGE, kOther, kFailedPrecondition, kMechanismAdvice),
    LABREC_ROW(CKR_PUBLIC_KEY_INVALID, kOther, kFailedPrecondition, kMechanismAdvice),
    LABREC_ROW(CKR_USER_TYPE_INVALID, kOther, kFailedPrecondition, kCallAdvice),
    LABREC_ROW(CKR_USER_TOO_MANY_TYPES, kOther, kFailedPrecondition, kCallAdvice),
    LABREC_ROW(CKR_SESSION_EXISTS, kOther, kFailedPrecondition, kCallAdvice),
    LABREC_ROW(CKR_SESSION_READ_ONLY_EXISTS, kOther, kFailedPrecondition, kCallAdvice),
    LABREC_ROW(CKR_SESSION_READ_WRITE_SO_EXISTS, kOther, kFailedPrecondition, kCallAdvice),
    LABREC_ROW(CKR_SESSION_PARALLEL_NOT_SUPPORTED, kOther, kFailedPrecondition, kCallAdvice),
    LABREC_ROW(CKR_KEY_NEEDED, kOther, kInternal, kCallAdvice),
    LABREC_ROW(CKR_KEY_NOT_NEEDED, kOther, kInternal, kCallAdvice),
    LABREC_ROW(CKR_DATA_INVALID, kOther, kInternal, kCallAdvice),
    LABREC_ROW(CKR_DATA_LEN_RANGE, kOther, kInternal, kCallAdvice),
    LABREC_ROW(CKR_BUFFER_TOO_SMALL, kOther, kInternal, kCallAdvice),
    LABREC_ROW(CKR_SIGNATURE_INVALID, kOther, kInternal, kCallAdvice),
    LABREC_ROW(CKR_SIGNATURE_LEN_RANGE, kOther, kInternal, kCallAdvice),
    LABREC_ROW(CKR_MUTEX_BAD, kOther, kInternal, kModuleAdvice),
    LABREC_ROW(CKR_MUTEX_NOT_LOCKED, kOther, kInternal, kModuleAdvice),
    LABREC_ROW(CKR_DEVICE_MEMORY, kOther, kResourceExhausted, kFullAdvice),
    LABREC_ROW(CKR_HOST_MEMORY, kOther, kResourceExhausted, kFullAdvice),
    LABREC_ROW(CKR_SESSION_COUNT, kOther, kResourceExhausted, kFullAdvice),
};

#undef LABREC_ROW

Row RowOf(CK_RV rv) {
  const Row* row =
      std::find_if(std::begin(kTable), std::end(kTable), [rv](const Row& r) { return r.rv == rv; });
  if (row != std::end(kTable)) return *row;
  // Network HSMs report lost connections with codes of their own.
  if (rv >= CKR_VENDOR_DEFINED) {
    return {rv, "vendor-defined", ErrorClass::kDevice, absl::StatusCode::kUnavailable, kDeviceAdvice};
  }
  return {rv, "unexpected", ErrorClass::kOther, absl::StatusCode::kInternal, kCallAdvice};
}

absl::Status WithCode(absl::Status status, CK_RV rv) {
  status.SetPayload(kPayload, absl::Cord(absl::StrCat(rv)));
  return status;
}

}  // namespace

absl::Status FromCkRv(std::string_view operation, unsigned long rv) {
  if (rv == CKR_OK) return absl::OkStatus();
  const Row row = RowOf(rv);
  return WithCode(absl::Status(row.code, absl::StrCat(AbslView(operation), ": ", row.name, " (0x",
                                                      absl::Hex(rv), "): ", row.advice)),
                  rv);
}

std::optional<unsigned long> RawCode(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayload);
  if (!payload.has_value()) return std::nullopt;
  return std::strtoul(std::string(*payload).c_str(), nullptr, 10);
}

ErrorClass ClassOf(const absl::Status& status) {
  const auto rv = RawCode(status);
  return rv.has_value() ? RowOf(*rv).error_class : ErrorClass::kNone;
}

absl::Status LostObject(std::string_view message) {
  return WithCode(absl::FailedPreconditionError(AbslView(message)), CKR_OBJECT_HANDLE_INVALID);
}

absl::Status LostEvidence(std::string_view message) {
  return WithCode(absl::DataLossError(AbslView(message)), CKR_OBJECT_HANDLE_INVALID);
}

}  // namespace labrec::hsm::pkcs11

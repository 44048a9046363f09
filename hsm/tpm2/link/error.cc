#include "hsm/tpm2/link/error.h"

#include <algorithm>
#include <iterator>

#include <tss2/tss2_common.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tpm2_types.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"

namespace labrec::hsm::tpm2 {
namespace {

using absl::StatusCode;

struct Meaning {
  uint32_t code;
  const char* name;
  StatusCode status;
  Damage damage;
  const char* advice;
};

constexpr char kReloads[] = "what was loaded is gone from the TPM and will be loaded again; call again";
constexpr char kBusy[] = "the TPM is busy; call again";
constexpr char kFull[] = "the TPM's memory is full; does something else use it without a resource manager?";
constexpr char kRefused[] = "the authorisation value is not the one this was made with";
constexpr char kForeign[] = "made by another TPM, before a TPM2_Clear, or damaged";

// Codes of the TPM itself, as BaseCode() gives them.
constexpr Meaning kTpmCodes[] = {
    {TPM2_RC_INITIALIZE, "TPM_RC_INITIALIZE", StatusCode::kUnavailable, Damage::kObjectsLost,
     "the TPM was reset; call again"},
    {TPM2_RC_FAILURE, "TPM_RC_FAILURE", StatusCode::kUnavailable, Damage::kBroken,
     "the TPM is in failure mode until the machine is power-cycled"},
    {TPM2_RC_REBOOT, "TPM_RC_REBOOT", StatusCode::kUnavailable, Damage::kBroken, "reboot the machine"},
    {TPM2_RC_UPGRADE, "TPM_RC_UPGRADE", StatusCode::kUnavailable, Damage::kBroken,
     "the TPM's firmware is being updated"},
    {TPM2_RC_DISABLED, "TPM_RC_DISABLED", StatusCode::kFailedPrecondition, Damage::kNone,
     "the command is disabled; look into the firmware setup"},
    {TPM2_RC_COMMAND_CODE, "TPM_RC_COMMAND_CODE", StatusCode::kUnimplemented, Damage::kNone,
     "this TPM does not have the command"},
    {TPM2_RC_AUTH_MISSING, "TPM_RC_AUTH_MISSING", StatusCode::kPermissionDenied, Damage::kNone, kRefused},
    {TPM2_RC_AUTH_UNAVAILABLE, "TPM_RC_AUTH_UNAVAILABLE", StatusCode::kPermissionDenied, Damage::kNone,
     "the object does not take this kind of authorisation"},
    {TPM2_RC_PCR_CHANGED, "TPM_RC_PCR_CHANGED", StatusCode::kUnavailable, Damage::kNone,
     "a PCR changed since the policy was checked; call again"},
    {TPM2_RC_NV_LOCKED, "TPM_RC_NV_LOCKED", StatusCode::kFailedPrecondition, Damage::kNone,
     "the index is locked until the next reset of the TPM"},
    {TPM2_RC_NV_AUTHORIZATION, "TPM_RC_NV_AUTHORIZATION", StatusCode::kPermissionDenied, Damage::kNone,
     kRefused},
    {TPM2_RC_NV_UNINITIALIZED, "TPM_RC_NV_UNINITIALIZED", StatusCode::kFailedPrecondition, Damage::kNone,
     "the index was never written"},
    {TPM2_RC_NV_SPACE, "TPM_RC_NV_SPACE", StatusCode::kResourceExhausted, Damage::kNone,
     "no room for another NV index or persistent object; remove unused ones (tpm2_getcap handles-nv-index)"},
    {TPM2_RC_NV_DEFINED, "TPM_RC_NV_DEFINED", StatusCode::kAlreadyExists, Damage::kNone,
     "the index or persistent handle is in use"},
    {TPM2_RC_NV_RANGE, "TPM_RC_NV_RANGE", StatusCode::kOutOfRange, Damage::kNone, ""},
    // Format one: about a handle, session or parameter.
    {TPM2_RC_HANDLE, "TPM_RC_HANDLE", StatusCode::kFailedPrecondition, Damage::kNone,
     "no such object on this TPM"},
    {TPM2_RC_HIERARCHY, "TPM_RC_HIERARCHY", StatusCode::kFailedPrecondition, Damage::kNone,
     "the owner hierarchy is disabled; look into the firmware setup"},
    {TPM2_RC_AUTH_FAIL, "TPM_RC_AUTH_FAIL", StatusCode::kPermissionDenied, Damage::kObjectsLost, kRefused},
    {TPM2_RC_BAD_AUTH, "TPM_RC_BAD_AUTH", StatusCode::kPermissionDenied, Damage::kObjectsLost, kRefused},
    {TPM2_RC_POLICY_FAIL, "TPM_RC_POLICY_FAIL", StatusCode::kPermissionDenied, Damage::kNone,
     "the object's policy was not fulfilled"},
    {TPM2_RC_POLICY_CC, "TPM_RC_POLICY_CC", StatusCode::kPermissionDenied, Damage::kNone,
     "the object's policy does not allow this command"},
    {TPM2_RC_SIGNATURE, "TPM_RC_SIGNATURE", StatusCode::kPermissionDenied, Damage::kNone,
     "the signature is not valid"},
    {TPM2_RC_EXPIRED, "TPM_RC_EXPIRED", StatusCode::kPermissionDenied, Damage::kNone,
     "the authorisation has expired"},
    {TPM2_RC_INTEGRITY, "TPM_RC_INTEGRITY", StatusCode::kFailedPrecondition, Damage::kNone, kForeign},
    {TPM2_RC_BINDING, "TPM_RC_BINDING", StatusCode::kFailedPrecondition, Damage::kNone, kForeign},
    {TPM2_RC_ECC_POINT, "TPM_RC_ECC_POINT", StatusCode::kInvalidArgument, Damage::kNone,
     "the point is not on the key's curve"},
    {TPM2_RC_CURVE, "TPM_RC_CURVE", StatusCode::kUnimplemented, Damage::kNone,
     "this TPM does not have the curve"},
    // Warnings.
    {TPM2_RC_OBJECT_MEMORY, "TPM_RC_OBJECT_MEMORY", StatusCode::kResourceExhausted, Damage::kNone, kFull},
    {TPM2_RC_SESSION_MEMORY, "TPM_RC_SESSION_MEMORY", StatusCode::kResourceExhausted, Damage::kNone, kFull},
    {TPM2_RC_MEMORY, "TPM_RC_MEMORY", StatusCode::kResourceExhausted, Damage::kNone, kFull},
    {TPM2_RC_SESSION_HANDLES, "TPM_RC_SESSION_HANDLES", StatusCode::kResourceExhausted, Damage::kNone, kFull},
    {TPM2_RC_OBJECT_HANDLES, "TPM_RC_OBJECT_HANDLES", StatusCode::kResourceExhausted, Damage::kNone, kFull},
    {TPM2_RC_CONTEXT_GAP, "TPM_RC_CONTEXT_GAP", StatusCode::kResourceExhausted, Damage::kNone, kFull},
    {TPM2_RC_YIELDED, "TPM_RC_YIELDED", StatusCode::kUnavailable, Damage::kNone, kBusy},
    {TPM2_RC_CANCELED, "TPM_RC_CANCELED", StatusCode::kUnavailable, Damage::kNone, kBusy},
    {TPM2_RC_TESTING, "TPM_RC_TESTING", StatusCode::kUnavailable, Damage::kNone, kBusy},
    {TPM2_RC_RETRY, "TPM_RC_RETRY", StatusCode::kUnavailable, Damage::kNone, kBusy},
    {TPM2_RC_NV_RATE, "TPM_RC_NV_RATE", StatusCode::kUnavailable, Damage::kNone,
     "the TPM limits the rate of writes; call again later"},
    {TPM2_RC_NV_UNAVAILABLE, "TPM_RC_NV_UNAVAILABLE", StatusCode::kUnavailable, Damage::kNone,
     "the TPM's memory cannot be written at the moment; call again later"},
    {TPM2_RC_LOCKOUT, "TPM_RC_LOCKOUT", StatusCode::kResourceExhausted, Damage::kNone,
     "the TPM is locked after wrong authorisations; wait, or tpm2_dictionarylockout --clear-lockout"},
};

// Codes of the software stack, without their layer: ESAPI, SAPI, marshalling, TCTI and resource manager
// alike.
constexpr Meaning kStackCodes[] = {
    {TSS2_BASE_RC_NO_CONNECTION, "NO_CONNECTION", StatusCode::kUnavailable, Damage::kBroken, "no TPM there"},
    {TSS2_BASE_RC_IO_ERROR, "IO_ERROR", StatusCode::kUnavailable, Damage::kBroken,
     "no TPM there, or the connection to it broke"},
    {TSS2_BASE_RC_BAD_SEQUENCE, "BAD_SEQUENCE", StatusCode::kUnavailable, Damage::kBroken,
     "the connection broke during an earlier command"},
    {TSS2_BASE_RC_TRY_AGAIN, "TRY_AGAIN", StatusCode::kUnavailable, Damage::kBroken, kBusy},
    {TSS2_BASE_RC_RSP_AUTH_FAILED, "RSP_AUTH_FAILED", StatusCode::kDataLoss, Damage::kBroken,
     "the answer was not made by the TPM we share the session with: somebody altered it on its way"},
    {TSS2_BASE_RC_MALFORMED_RESPONSE, "MALFORMED_RESPONSE", StatusCode::kDataLoss, Damage::kBroken,
     "the answer makes no sense: a faulty TPM, or somebody altered it on its way"},
    {TSS2_BASE_RC_INSUFFICIENT_RESPONSE, "INSUFFICIENT_RESPONSE", StatusCode::kDataLoss, Damage::kBroken,
     "the answer is cut short"},
    {TSS2_BASE_RC_NOT_SUPPORTED, "NOT_SUPPORTED", StatusCode::kUnimplemented, Damage::kNone, ""},
    {TSS2_BASE_RC_NOT_IMPLEMENTED, "NOT_IMPLEMENTED", StatusCode::kUnimplemented, Damage::kNone, ""},
};

constexpr Meaning kReference = {TPM2_RC_REFERENCE_H0, "TPM_RC_REFERENCE", StatusCode::kUnavailable,
                                Damage::kObjectsLost, kReloads};
// A code of the stack that stands for a mistake of ours leaves ESAPI in an unknown state: connect anew.
constexpr Meaning kOtherStack = {0, "", StatusCode::kInternal, Damage::kBroken, ""};
constexpr Meaning kOtherTpm = {0, "", StatusCode::kInternal, Damage::kNone, ""};

bool IsFromTpm(uint32_t rc) {
  const uint32_t layer = rc & TSS2_RC_LAYER_MASK;
  return layer == TSS2_TPM_RC_LAYER || layer == TSS2_RESMGR_TPM_RC_LAYER;
}

template <size_t kSize>
const Meaning& FindMeaning(const Meaning (&table)[kSize], uint32_t code, const Meaning& otherwise) {
  const auto* found = std::find_if(std::begin(table), std::end(table),
                                   [code](const Meaning& meaning) { return meaning.code == code; });
  return found == std::end(table) ? otherwise : *found;
}

// TPM_RC_HANDLE about a session (part 2, section 6.6.2): the TPM was reset, and gave the session's slot to
// one of another kind.
bool IsLostSession(uint32_t rc) {
  return BaseCode(rc) == TPM2_RC_HANDLE && (rc & TPM2_RC_P) == 0 && (rc & TPM2_RC_S) == TPM2_RC_S;
}

const Meaning& MeaningOf(uint32_t rc) {
  const uint32_t base = BaseCode(rc);
  if (!IsFromTpm(rc)) return FindMeaning(kStackCodes, base, kOtherStack);
  if (IsLostSession(rc)) return kReference;
  if (base >= TPM2_RC_REFERENCE_H0 && base <= TPM2_RC_REFERENCE_S6) return kReference;
  return FindMeaning(kTpmCodes, base, kOtherTpm);
}

}  // namespace

uint32_t BaseCode(uint32_t rc) {
  const uint32_t code = rc & ~TSS2_RC_LAYER_MASK;
  if (!IsFromTpm(rc) || (code & TPM2_RC_FMT1) == 0) return code;
  return code & (TPM2_RC_FMT1 | 0x3FU);
}

Damage DamageOf(uint32_t rc) {
  return rc == TSS2_RC_SUCCESS ? Damage::kNone : MeaningOf(rc).damage;
}

absl::Status TpmStatus(std::string_view operation, uint32_t rc) {
  if (rc == TSS2_RC_SUCCESS) return absl::OkStatus();
  const Meaning& meaning = MeaningOf(rc);
  std::string text = absl::StrCat(AbslView(operation), " failed: ");
  if (*meaning.name != '\0') absl::StrAppend(&text, meaning.name, " ");
  absl::StrAppend(&text, "(0x", absl::Hex(rc, absl::kZeroPad3), ", ", Tss2_RC_Decode(rc), ")");
  if (*meaning.advice != '\0') absl::StrAppend(&text, ": ", meaning.advice);
  return absl::Status(meaning.status, text);
}

}  // namespace labrec::hsm::tpm2

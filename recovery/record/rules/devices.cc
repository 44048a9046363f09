#include "recovery/record/rules/devices.h"

#include <algorithm>

#include "hsm/base/status_macros.h"
#include "recovery/api/limits.h"
#include "recovery/record/rules/authority.h"

namespace labrec::recovery {
namespace {

absl::StatusOr<EnrolledBy> WhoEnrollsFirst(const EnrollmentState& state) {
  if (state.row && state.row->discarded) {
    return absl::FailedPreconditionError(
        "the realm's operator accepted restored storage in which nobody vouched for this account: its "
        "devices "
        "were dropped. Ask him to enrol one, with labyrinth-admin device enroll");
  }
  if (state.row) {
    return absl::PermissionDeniedError(
        "the account has, or had, a device: another one needs the signature of an enrolled device or of a "
        "record's unlock key");
  }
  if (state.first_device == FirstDevicePolicy::kAnotherKey) {
    return absl::PermissionDeniedError(
        "the token vouches for another device key: its \"cnf\" has to hold the thumbprint of the key that is "
        "to be enrolled");
  }
  if (state.first_device == FirstDevicePolicy::kToken) {
    return absl::FailedPreconditionError(
        "this realm takes an account's first device where its platform vouches for the key: ask the platform "
        "for a token whose \"cnf\" holds the key's thumbprint (\"jkt\"), or the operator for "
        "labyrinth-admin device enroll");
  }
  if (state.first_device != FirstDevicePolicy::kOpen) {
    return absl::FailedPreconditionError(
        "this realm takes an account's first device from its operator only: ask for labyrinth-admin device "
        "enroll");
  }
  return EnrolledBy::kFirst;
}

absl::StatusOr<EnrolledBy> WhoEnrolls(const EnrollmentState& state, const Authority& authority) {
  if (std::holds_alternative<ByTokenHolder>(authority)) return WhoEnrollsFirst(state);
  if (std::holds_alternative<ByOperator>(authority)) return EnrolledBy::kAdmin;
  if (!DeviceOrUnlockKey(authority, state.row, state.unlocked)) return NeedsSignature("enrolling a device");
  return std::holds_alternative<ByDevice>(authority) ? EnrolledBy::kDevice : EnrolledBy::kRecovery;
}

// Asking again with the key that is enrolled already, and no other authority than at first, gains nothing.
bool IsRepeat(const EnrollmentState& state, const EnrollDevice& request) {
  if (!state.row || state.row->Find(request.key.DeviceId()) == nullptr) return false;
  return std::holds_alternative<ByTokenHolder>(request.authority);
}

}  // namespace

absl::StatusOr<Account> ApplyEnroll(const EnrollmentState& state, const EnrollDevice& request,
                                    int64_t now_ms) {
  if (IsRepeat(state, request)) return *state.row;
  LABREC_ASSIGN_OR_RETURN(const EnrolledBy by, WhoEnrolls(state, request.authority));
  Account next = state.row.value_or(Account{state.account.tenant, state.account.account, {}, {}});
  const DeviceId id = request.key.DeviceId();
  if (next.Find(id) != nullptr) return next;
  if (next.devices.size() >= kMostDevices) {
    return absl::ResourceExhaustedError("the account has 32 devices: revoke one first");
  }
  next.discarded = false;
  next.devices.push_back({id, request.key, request.name, now_ms, by});
  return next;
}

absl::StatusOr<Account> ApplyRevoke(const std::optional<Account>& row, const std::optional<Record>& unlocked,
                                    const RevokeDevice& request) {
  if (!AnyButTokenHolder(request.authority, row, unlocked)) return NeedsSignature("revoking a device");
  if (!row || row->Find(request.device) == nullptr) {
    return absl::NotFoundError("no such device is enrolled in this account");
  }
  Account next = *row;
  std::erase_if(next.devices, [&](const EnrolledDevice& device) { return device.id == request.device; });
  return next;
}

}  // namespace labrec::recovery

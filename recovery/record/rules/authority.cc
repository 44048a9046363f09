#include "recovery/record/rules/authority.h"

#include <string>

namespace labrec::recovery {

bool IsEnrolled(const std::optional<Account>& account, const ByDevice& by) {
  if (!account) return false;
  const EnrolledDevice* device = account->Find(by.device);
  return device != nullptr && device->key == by.signature.key();
}

bool HoldsUnlockKey(const std::optional<Record>& record, const ByUnlockKey& by) {
  if (!record || record->name.record != by.record) return false;
  const RecordVersion* version = record->Find(by.version);
  return version != nullptr && version->stage == Stage::kActive && version->unlock_key == by.signature.key();
}

bool DeviceOrUnlockKey(const Authority& authority, const std::optional<Account>& account,
                       const std::optional<Record>& record) {
  if (const auto* device = std::get_if<ByDevice>(&authority)) return IsEnrolled(account, *device);
  if (const auto* unlock = std::get_if<ByUnlockKey>(&authority)) return HoldsUnlockKey(record, *unlock);
  return false;
}

bool AnyButTokenHolder(const Authority& authority, const std::optional<Account>& account,
                       const std::optional<Record>& record) {
  return std::holds_alternative<ByOperator>(authority) || DeviceOrUnlockKey(authority, account, record);
}

absl::Status NeedsSignature(const char* what) {
  return absl::PermissionDeniedError(
      std::string(what) +
      " needs a signature of an enrolled device or of the active version's unlock key; this one is neither");
}

}  // namespace labrec::recovery

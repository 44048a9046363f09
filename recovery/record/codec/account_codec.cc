#include <algorithm>
#include <cstdlib>

#include "hsm/base/status_macros.h"
#include "recovery/api/limits.h"
#include "recovery/api/names.h"
#include "recovery/record/codec/codec.h"
#include "recovery/record/codec/row.pb.h"
#include "recovery/record/codec/row_frame.h"

namespace labrec::recovery {
namespace {

namespace row = ::labyrinth::recovery::row::v1;

bool IsValid(const EnrolledDevice& device) {
  return IsDeviceName(device.name) && device.enrolled_by >= EnrolledBy::kFirst &&
         device.enrolled_by <= EnrolledBy::kAdmin;
}

bool AreDistinct(const std::vector<EnrolledDevice>& devices) {
  for (auto each = devices.begin(); each != devices.end(); ++each) {
    const auto twin =
        std::find_if(each + 1, devices.end(), [&](const auto& other) { return other.id == each->id; });
    if (twin != devices.end()) return false;
  }
  return true;
}

bool AreSortedNames(const std::vector<std::string>& records) {
  return std::ranges::all_of(records, IsRecordName) &&
         std::ranges::adjacent_find(records, std::greater_equal<>()) == records.end();
}

bool IsValid(const Account& account) {
  return IsIdentifier(account.tenant) && IsIdentifier(account.account) &&
         account.devices.size() <= kMostDevices && account.records.size() <= kMostRecords &&
         std::ranges::all_of(account.devices, [](const EnrolledDevice& device) { return IsValid(device); }) &&
         AreDistinct(account.devices) && AreSortedNames(account.records);
}

row::AccountRow ToMessage(const Account& account) {
  row::AccountRow message;
  message.set_tenant(account.tenant);
  message.set_account(account.account);
  for (const EnrolledDevice& device : account.devices) {
    row::DeviceEntry& entry = *message.add_devices();
    entry.set_public_key(ToString(device.key.Spki()));
    entry.set_name(device.name);
    entry.set_enrolled_at_ms(device.enrolled_at_ms);
    entry.set_enrolled_by(static_cast<uint32_t>(device.enrolled_by));
  }
  for (const std::string& record : account.records) message.add_records(record);
  message.set_discarded(account.discarded);
  return message;
}

absl::StatusOr<EnrolledDevice> FromMessage(const row::DeviceEntry& entry) {
  absl::StatusOr<EcdsaPublicKey> key = EcdsaPublicKey::FromSpki(AsBytes(entry.public_key()));
  if (!key.ok() || entry.enrolled_by() > 255) return BadRow("a device of it is malformed");
  return EnrolledDevice{key->DeviceId(), *key, entry.name(), entry.enrolled_at_ms(),
                        static_cast<EnrolledBy>(entry.enrolled_by())};
}

Bytes EncodeAccountAs(const Account& account, uint8_t format) {
  const size_t step = format == kAccountFormat ? kRowSizeStep : kFirstRowSizeStep;
  const row::AccountRow message = ToMessage(account);
  return FrameRow(format, RowKind::kAccount, message, RowSizeFor(message.ByteSizeLong(), step));
}

}  // namespace

Bytes EncodeAccount(const Account& account) {
  if (!IsValid(account)) std::abort();
  return EncodeAccountAs(account, kAccountFormat);
}

absl::StatusOr<Account> DecodeAccount(ByteView bytes) {
  const uint8_t format = FormatOf(bytes) == kFirstAccountFormat ? kFirstAccountFormat : kAccountFormat;
  row::AccountRow message;
  LABREC_RETURN_IF_ERROR(ParseRow(format, RowKind::kAccount, bytes, message));
  Account account{message.tenant(), message.account(), {}, {}, message.discarded()};
  for (const row::DeviceEntry& entry : message.devices()) {
    LABREC_ASSIGN_OR_RETURN(EnrolledDevice device, FromMessage(entry));
    account.devices.push_back(std::move(device));
  }
  account.records.assign(message.records().begin(), message.records().end());
  if (!IsValid(account)) return BadRow("an account breaks the limits");
  if (!SameBytes(EncodeAccountAs(account, format), bytes)) return BadRow("it is not in canonical form");
  return account;
}

}  // namespace labrec::recovery

#include "recovery/client/steps/floor_check.h"

#include <algorithm>
#include <functional>

#include "absl/strings/str_cat.h"

namespace labrec::recovery::client::core {
namespace {

absl::Status Wrong(const Account& account, size_t realm, const char* what) {
  return absl::DataLossError(
      absl::StrCat("realm ", account[realm].name, " gave an epoch floor whose ", what));
}

}  // namespace

absl::StatusOr<RealmFloor> CheckFloor(const Account& account, size_t realm, const std::string& record,
                                      const wire::Floor& floor) {
  if (floor.digest.size() != 32) return Wrong(account, realm, "digest has not 32 bytes");
  const auto device = EcdsaPublicKey::FromSpki(floor.device_public_key);
  if (!device.ok()) return Wrong(account, realm, "device key is malformed");
  if (!SameBytes(device->DeviceId(), floor.device_id)) {
    return Wrong(account, realm, "device id is not its key's");
  }
  const Bytes message = RequestBytes(account.ScopeAt(realm), Operation::kRaiseFloor, floor.challenge,
                                     RaiseFloorBody(record, floor.sequence, floor.digest));
  if (!device->Verify(message, floor.signature)) {
    return Wrong(account, realm, "signature is not its device's");
  }
  RealmFloor checked{account[realm].name, floor.sequence, {}, *device};
  std::ranges::copy(floor.digest, checked.digest.begin());
  return checked;
}

void SortHighestFirst(std::vector<RealmFloor>& floors) {
  std::ranges::stable_sort(floors, std::greater<>(), &RealmFloor::sequence);
}

}  // namespace labrec::recovery::client::core

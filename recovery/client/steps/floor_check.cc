#include "recovery/client/steps/floor_check.h"

#include <algorithm>
#include <functional>

#include "absl/strings/str_cat.h"

#include "recovery/client/grpc/messages.h"
#include "recovery/client/grpc/realm_channel.h"

namespace labrec::recovery::client {
namespace {

absl::Status Wrong(const RealmSet& realms, size_t realm, const char* what) {
  return absl::DataLossError(
      absl::StrCat("realm ", realms[realm].name(), " gave an epoch floor whose ", what));
}

}  // namespace

absl::StatusOr<RealmFloor> CheckFloor(const RealmSet& realms, size_t realm, const std::string& record,
                                      const v1::Floor& floor) {
  if (floor.digest().size() != 32) return Wrong(realms, realm, "digest has not 32 bytes");
  const auto device = EcdsaPublicKey::FromSpki(AsBytes(floor.device_public_key()));
  if (!device.ok()) return Wrong(realms, realm, "device key is malformed");
  if (!SameBytes(device->DeviceId(), AsBytes(floor.device_id()))) {
    return Wrong(realms, realm, "device id is not its key's");
  }
  const Bytes message = RequestBytes(realms.Scope(realm), Operation::kRaiseFloor, AsBytes(floor.challenge()),
                                     RaiseFloorBody(record, floor.sequence(), AsBytes(floor.digest())));
  if (!device->Verify(message, AsBytes(floor.signature()))) {
    return Wrong(realms, realm, "signature is not its device's");
  }
  RealmFloor checked{realms[realm].name(), floor.sequence(), {}, *device};
  std::ranges::copy(AsBytes(floor.digest()), checked.digest.begin());
  return checked;
}

void SortHighestFirst(std::vector<RealmFloor>& floors) {
  std::ranges::stable_sort(floors, std::greater<>(), &RealmFloor::sequence);
}

}  // namespace labrec::recovery::client

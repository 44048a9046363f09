#include "recovery/client/epoch_floor.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"

#include "recovery/client/grpc/gather.h"
#include "recovery/client/grpc/signed_call.h"

namespace labrec::recovery::client {
namespace {

absl::Status Wrong(const RealmSet& realms, size_t realm, const char* what) {
  return absl::DataLossError(
      absl::StrCat("realm ", realms[realm].name(), " gave an epoch floor whose ", what));
}

template <typename T>
std::vector<RealmReport> Reports(const RealmSet& realms, const std::vector<absl::StatusOr<T>>& answers) {
  std::vector<RealmReport> reports(realms.size());
  for (size_t i = 0; i < realms.size(); ++i) {
    reports[i].realm = realms[i].name();
    reports[i].condition = RealmCondition::kGood;
    if (!answers[i].ok()) reports[i].Failed(answers[i].status());
  }
  return reports;
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

std::vector<RealmReport> RaiseFloor(const RealmSet& realms, const std::string& record, uint64_t sequence,
                                    const Digest& digest, const DeviceKey& device) {
  const Bytes body = RaiseFloorBody(record, sequence, digest);
  v1::RaiseFloorRequest request;
  request.set_record(record);
  request.set_sequence(sequence);
  request.set_digest(ToString(digest));
  const auto answers =
      GatherAll<v1::RaiseFloorResponse>(realms.size(), [&](size_t i, Cancellation& cancellation) {
        return SignedCall(realms, i, Operation::kRaiseFloor, body, device, request, cancellation);
      });
  return Reports(realms, answers);
}

FloorReading ReadFloor(const RealmSet& realms, const std::string& record, const DeviceKey& device) {
  using MaybeFloor = std::optional<RealmFloor>;
  const Bytes body = RecordBody(record);
  v1::GetFloorRequest request;
  request.set_record(record);
  const auto answers = GatherAll<MaybeFloor>(
      realms.size(), [&](size_t i, Cancellation& cancellation) -> absl::StatusOr<MaybeFloor> {
        const auto response =
            SignedCall(realms, i, Operation::kGetFloor, body, device, request, cancellation);
        if (!response.ok()) return response.status();
        if (!response->has_floor()) return MaybeFloor();
        auto floor = CheckFloor(realms, i, record, response->floor());
        if (!floor.ok()) return floor.status();
        return MaybeFloor(*std::move(floor));
      });
  FloorReading reading;
  reading.reports = Reports(realms, answers);
  for (size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].ok() && *answers[i]) reading.floors.push_back(**answers[i]);
    if (absl::IsDataLoss(answers[i].status())) reading.reports[i].condition = RealmCondition::kFaulty;
  }
  SortHighestFirst(reading.floors);
  return reading;
}

}  // namespace labrec::recovery::client

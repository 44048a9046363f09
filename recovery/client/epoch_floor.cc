#include "recovery/client/epoch_floor.h"

#include <optional>

#include "recovery/client/grpc/gather.h"
#include "recovery/client/grpc/signed_call.h"
#include "recovery/client/steps/floor_check.h"

namespace labrec::recovery::client {
namespace {

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

#include "recovery/client/operations/epoch_floor.h"

#include <optional>
#include <utility>

#include "recovery/client/core/gather.h"
#include "recovery/client/core/signed_call.h"
#include "recovery/client/operations/reports.h"
#include "recovery/client/steps/floor_check.h"

namespace labrec::recovery::client::core {
namespace {

using MaybeFloor = std::optional<RealmFloor>;

Task<MaybeFloor> FloorAt(Scope& scope, Account& account, size_t realm, const std::string& record,
                         const Signer& signer) {
  wire::GetFloorRequest request;
  request.record = record;
  Bytes body = RecordBody(record);
  LABREC_CO_ASSIGN_OR_RETURN(const wire::GetFloorResponse response,
                             co_await SignedCall(scope, account, realm, Operation::kGetFloor, std::move(body),
                                                 signer, std::move(request)));
  if (!response.floor) co_return MaybeFloor();
  LABREC_CO_ASSIGN_OR_RETURN(RealmFloor floor, CheckFloor(account, realm, record, *response.floor));
  co_return MaybeFloor(std::move(floor));
}

}  // namespace

Task<std::vector<RealmReport>> RaiseFloor(Scope& scope, Account& account, std::string record,
                                          uint64_t sequence, Digest digest, const Signer& signer) {
  const Bytes body = RaiseFloorBody(record, sequence, digest);
  wire::RaiseFloorRequest request;
  request.record = record;
  request.sequence = sequence;
  request.digest = ToBytes(digest);
  LABREC_CO_ASSIGN_OR_RETURN(
      const auto answers,
      co_await GatherAll<wire::RaiseFloorResponse>(scope, account.size(), [&](size_t i, Scope& within) {
        return SignedCall(within, account, i, Operation::kRaiseFloor, body, signer, request);
      }));
  co_return ReportsOf(account, answers);
}

Task<FloorReading> ReadFloor(Scope& scope, Account& account, std::string record, const Signer& signer) {
  LABREC_CO_ASSIGN_OR_RETURN(
      const auto answers, co_await GatherAll<MaybeFloor>(scope, account.size(), [&](size_t i, Scope& within) {
        return FloorAt(within, account, i, record, signer);
      }));
  FloorReading reading;
  reading.reports = ReportsOf(account, answers);
  for (size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].ok() && *answers[i]) reading.floors.push_back(**answers[i]);
    if (absl::IsDataLoss(answers[i].status())) reading.reports[i].condition = RealmCondition::kFaulty;
  }
  SortHighestFirst(reading.floors);
  co_return reading;
}

}  // namespace labrec::recovery::client::core

#include "recovery/client/operations/delete_record.h"

#include <utility>

#include "recovery/client/core/gather.h"
#include "recovery/client/core/signed_call.h"
#include "recovery/client/operations/reports.h"

namespace labrec::recovery::client::core {

Task<std::vector<RealmReport>> DeleteRecord(Scope& scope, Account& account, std::string record,
                                            const Signer& signer) {
  wire::DeleteRecordRequest request;
  request.record = record;
  const Bytes body = RecordBody(record);
  LABREC_CO_ASSIGN_OR_RETURN(
      const auto answers,
      co_await GatherAll<wire::DeleteRecordResponse>(scope, account.size(), [&](size_t i, Scope& within) {
        return SignedCall(within, account, i, Operation::kDeleteRecord, body, signer, request);
      }));
  std::vector<RealmReport> reports = ReportsOf(account, answers);
  for (size_t i = 0; i < reports.size(); ++i) {
    if (absl::IsNotFound(answers[i].status())) reports[i].condition = RealmCondition::kNotRegistered;
  }
  co_return reports;
}

}  // namespace labrec::recovery::client::core

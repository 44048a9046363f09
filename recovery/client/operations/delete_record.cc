#include "recovery/client/operations/delete_record.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "recovery/client/chip/guesses.h"
#include "recovery/client/chip/uses.h"
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

Task<std::vector<RealmReport>> DeleteRecovered(Scope& scope, Account& account, const Recovered& recovered) {
  // Whatever a realm was to the recovery: who evaluated wrongly says that it deletes, too.
  std::vector<size_t> members;
  for (const GroupMember& member : recovered.group.members) members.push_back(member.realm);
  const Retirement replaced{recovered.group, recovered.authority, recovered.reports, recovered.own_tries};
  LABREC_CO_ASSIGN_OR_RETURN(const std::vector<Retired> retired,
                             co_await RetireChips(scope, account, replaced, std::move(members)));
  const KeyAtHand signer(recovered.authority);
  LABREC_CO_ASSIGN_OR_RETURN(
      std::vector<RealmReport> reports,
      co_await DeleteRecord(scope, account, recovered.group.config.name.record, signer));
  for (const Retired& each : retired) {
    RealmReport& report = reports[each.realm];
    report.chip = each.uses;
    if (each.proven.ok()) {
      report.remaining = 0;
      if (each.uses && report.error.ok()) report.error = UnexplainedAtItsEnd(report.realm, *each.uses);
    } else if (report.condition == RealmCondition::kGood) {
      report.error = absl::Status(
          each.proven.code(),
          absl::StrCat(
              "it says that it deleted the record, and nothing proves that no guess is left in its chip: ",
              each.proven.message()));
    }
  }
  co_return reports;
}

}  // namespace labrec::recovery::client::core

#include "recovery/client/chip/guesses.h"

#include <algorithm>
#include <utility>

#include "hsm/base/status_macros.h"
#include "pin/sharing/commitment.h"
#include "recovery/client/chip/trust.h"
#include "recovery/client/chip/uses.h"
#include "recovery/client/chip/write.h"
#include "recovery/client/core/gather.h"

namespace labrec::recovery::client {

const ChipShare* ChipShareOf(const RecordConfig& config, ByteView realm_id) {
  const RealmShare* share = config.Find(realm_id);
  return share != nullptr && share->chip ? &*share->chip : nullptr;
}

namespace core {
namespace {

// Writes the limit that `limit_for` decides on at one realm, and sees it proven. The attestation key is known
// by the config, which the record's secret binds.
Task<CounterWritten> Write(Scope& scope, Account& account, size_t realm, const ConfigGroup& group,
                           const RecordAuthority& authority, LimitFor limit_for) {
  const ChipShare& chip = *ChipShareOf(group.config, account[realm].id);
  ChipTrust trust;
  trust.pinned_aks.emplace(account[realm].id, chip.ak_name);
  LABREC_CO_ASSIGN_OR_RETURN(const VerifiedAk verified, co_await VerifyAk(scope, account, realm, trust));
  const EcdsaPrivateKey unlock_key = pin::UnlockKey(authority.s(), account[realm].id, authority.version());
  const ChipVersion version{authority.record(), authority.version(), chip.index, &unlock_key, &verified.ak};
  auto written = co_await WriteLimit(scope, account, realm, version, std::move(limit_for));
  co_return written;
}

// What a refill of one realm came to. `uses` is filled in as soon as the chip has certified them.
Task<uint32_t> RefillChipAt(Scope& scope, Account& account, size_t realm, const ConfigGroup& group,
                            const RecordAuthority& authority, uint32_t explained,
                            std::optional<ChipUses>& uses) {
  const uint32_t limit = group.config.guess_limit;
  const auto judge = [&](const tpm::PinCounter& now) -> absl::StatusOr<uint32_t> {
    LABREC_ASSIGN_OR_RETURN(uses, JudgeUses(now, limit, explained));
    if (uses->unexplained > 0) return UnexplainedUses(account[realm].name, *uses);
    return now.count + limit;
  };
  LABREC_CO_ASSIGN_OR_RETURN(const CounterWritten written,
                             co_await Write(scope, account, realm, group, authority, judge));
  co_return written.after.limit - std::min(written.after.limit, written.after.count);
}

Task<CounterWritten> RetireChipAt(Scope& scope, Account& account, size_t realm, const Retirement& replaced,
                                  std::optional<ChipUses>& uses) {
  const uint32_t explained = ExplainedUses(replaced.group, replaced.reports, realm, replaced.own_tries);
  const auto judge = [&](const tpm::PinCounter& now) -> absl::StatusOr<uint32_t> {
    const auto judged = JudgeUses(now, replaced.group.config.guess_limit, explained);
    if (judged.ok()) uses = *judged;
    return 0;
  };
  auto written = co_await Write(scope, account, realm, replaced.group, replaced.authority, judge);
  co_return written;
}

void ReportRefill(const absl::StatusOr<uint32_t>& left, RealmReport& report) {
  if (left.ok()) {
    report.remaining = *left;
    report.error = absl::OkStatus();
    return;
  }
  report.remaining.reset();
  report.error = left.status();
  if (absl::IsDataLoss(left.status())) report.condition = RealmCondition::kFaulty;
}

}  // namespace

Task<> RefillChips(Scope& scope, Account& account, const ConfigGroup& group, const RecordAuthority& authority,
                   uint32_t own_tries, std::vector<RealmReport>& reports) {
  std::vector<size_t> asked;
  for (const GroupMember& member : group.members) {
    const bool unlocked = reports[member.realm].condition == RealmCondition::kGood;
    if (unlocked && ChipShareOf(group.config, account[member.realm].id) != nullptr) {
      asked.push_back(member.realm);
    }
  }
  LABREC_CO_ASSIGN_OR_RETURN(const std::vector<absl::StatusOr<uint32_t>> left,
                             co_await GatherAll<uint32_t>(scope, asked.size(), [&](size_t i, Scope& within) {
                               const uint32_t explained = ExplainedUses(group, reports, asked[i], own_tries);
                               return RefillChipAt(within, account, asked[i], group, authority, explained,
                                                   reports[asked[i]].chip);
                             }));
  for (size_t i = 0; i < asked.size(); ++i) ReportRefill(left[i], reports[asked[i]]);
  co_return absl::OkStatus();
}

Task<std::vector<Retired>> RetireChips(Scope& scope, Account& account, const Retirement& replaced,
                                       std::vector<size_t> held) {
  std::vector<Retired> retired;
  for (const size_t realm : held) {
    const bool counts = ChipShareOf(replaced.group.config, account[realm].id) != nullptr;
    if (counts && replaced.group.Find(realm) != nullptr) retired.push_back({realm, absl::OkStatus(), {}});
  }
  LABREC_CO_ASSIGN_OR_RETURN(
      const std::vector<absl::StatusOr<CounterWritten>> answers,
      co_await GatherAll<CounterWritten>(scope, retired.size(), [&](size_t i, Scope& within) {
        return RetireChipAt(within, account, retired[i].realm, replaced, retired[i].uses);
      }));
  for (size_t i = 0; i < retired.size(); ++i) retired[i].proven = answers[i].status();
  co_return retired;
}

}  // namespace core
}  // namespace labrec::recovery::client

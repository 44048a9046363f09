#include "recovery/client/chip/guesses.h"

#include <functional>
#include <utility>

#include "pin/sharing/commitment.h"
#include "recovery/client/chip/trust.h"
#include "recovery/client/chip/write.h"
#include "recovery/client/core/gather.h"

namespace labrec::recovery::client {

const ChipShare* ChipShareOf(const RecordConfig& config, ByteView realm_id) {
  const RealmShare* share = config.Find(realm_id);
  return share != nullptr && share->chip ? &*share->chip : nullptr;
}

namespace core {
namespace {

struct Done {};

// Writes the limit into the version's index at one realm, and sees it proven. The attestation key is known by
// the config, which the record's secret binds.
Task<Done> Write(Scope& scope, Account& account, size_t realm, const ConfigGroup& group,
                 const RecordAuthority& authority, uint32_t limit) {
  const ChipShare& chip = *ChipShareOf(group.config, account[realm].id);
  ChipTrust trust;
  trust.pinned_aks.emplace(account[realm].id, chip.ak_name);
  LABREC_CO_ASSIGN_OR_RETURN(const VerifiedAk verified, co_await VerifyAk(scope, account, realm, trust));
  const EcdsaPrivateKey unlock_key = pin::UnlockKey(authority.s(), account[realm].id, authority.version());
  attestation::Report proven;
  const ChipVersion version{authority.record(), authority.version(), chip.index, &unlock_key, &verified.ak};
  LABREC_CO_RETURN_IF_ERROR(
      co_await WriteCounter(scope, account, realm, version, tpm::Written::kYes, limit, proven));
  co_return Done{};
}

using Answer = absl::StatusOr<Done>;

// Writes at these realms: an answer for each.
Task<std::vector<Answer>> WriteAll(Scope& scope, Account& account, const std::vector<size_t>& asked,
                                   const ConfigGroup& group, const RecordAuthority& authority,
                                   uint32_t limit) {
  auto answers = co_await GatherAll<Done>(scope, asked.size(), [&](size_t i, Scope& within) {
    return Write(within, account, asked[i], group, authority, limit);
  });
  co_return answers;
}

}  // namespace

Task<> RefillChips(Scope& scope, Account& account, const ConfigGroup& group, const RecordAuthority& authority,
                   std::vector<RealmReport>& reports) {
  std::vector<size_t> asked;
  for (const GroupMember& member : group.members) {
    const bool unlocked = reports[member.realm].condition == RealmCondition::kGood;
    if (unlocked && ChipShareOf(group.config, account[member.realm].id) != nullptr) {
      asked.push_back(member.realm);
    }
  }
  const uint32_t limit = group.config.guess_limit;
  LABREC_CO_ASSIGN_OR_RETURN(const std::vector<Answer> answers,
                             co_await WriteAll(scope, account, asked, group, authority, limit));
  for (size_t i = 0; i < asked.size(); ++i) {
    RealmReport& report = reports[asked[i]];
    report.remaining = limit;
    if (answers[i].ok()) continue;
    report.remaining.reset();
    report.error = answers[i].status();
    if (absl::IsDataLoss(answers[i].status())) report.condition = RealmCondition::kFaulty;
  }
  co_return absl::OkStatus();
}

Task<> RetireChips(Scope& scope, Account& account, const ConfigGroup& group, const RecordAuthority& authority,
                   std::vector<size_t> held, std::vector<RealmReport>& reports) {
  std::vector<size_t> asked;
  for (const size_t realm : held) {
    const bool counts = ChipShareOf(group.config, account[realm].id) != nullptr;
    if (counts && group.Find(realm) != nullptr) asked.push_back(realm);
  }
  LABREC_CO_ASSIGN_OR_RETURN(const std::vector<Answer> answers,
                             co_await WriteAll(scope, account, asked, group, authority, 0));
  for (size_t i = 0; i < asked.size(); ++i) {
    if (answers[i].ok()) continue;
    const bool lied = absl::IsDataLoss(answers[i].status());
    reports[asked[i]].error = answers[i].status();
    reports[asked[i]].condition = lied ? RealmCondition::kFaulty : RealmCondition::kPending;
  }
  co_return absl::OkStatus();
}

}  // namespace core
}  // namespace labrec::recovery::client

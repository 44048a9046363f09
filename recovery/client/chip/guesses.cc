#include "recovery/client/chip/guesses.h"

#include <algorithm>

#include "hsm/base/status_macros.h"
#include "pin/commitment.h"
#include "recovery/client/chip/trust.h"
#include "recovery/client/chip/write.h"
#include "recovery/client/grpc/gather.h"
#include "recovery/client/grpc/realm_channel.h"

namespace labrec::recovery::client {
namespace {

struct Done {};

// Writes the limit into the version's index at one realm, and sees it proven. The attestation key is known by
// the config, which the record's secret binds.
absl::StatusOr<Done> Write(const RealmSet& realms, size_t realm, const ConfigGroup& group,
                           const RecordAuthority& authority, uint32_t limit, Cancellation& cancellation) {
  const ChipShare& chip = *ChipShareOf(group.config, realms[realm].id());
  const ChipTrust trust{std::nullopt, {{ToBytes(realms[realm].id()), chip.ak_name}}};
  LABREC_ASSIGN_OR_RETURN(const VerifiedAk verified, VerifyAk(realms, realm, trust, cancellation));
  const EcdsaPrivateKey unlock_key = pin::UnlockKey(authority.s(), realms[realm].id(), authority.version());
  attestation::Report proven;
  LABREC_RETURN_IF_ERROR(WriteCounter(
      realms, realm, {authority.record(), authority.version(), chip.index, &unlock_key, &verified.ak},
      tpm::Written::kYes, limit, proven, cancellation));
  return Done{};
}

// Writes at these realms; what went wrong goes to `failed`.
void WriteAll(const RealmSet& realms, const std::vector<size_t>& asked, const ConfigGroup& group,
              const RecordAuthority& authority, uint32_t limit,
              const std::function<void(size_t, const absl::Status&)>& failed) {
  const auto answers = GatherAll<Done>(asked.size(), [&](size_t i, Cancellation& cancellation) {
    return Write(realms, asked[i], group, authority, limit, cancellation);
  });
  for (size_t i = 0; i < asked.size(); ++i) {
    if (!answers[i].ok()) failed(asked[i], answers[i].status());
  }
}

}  // namespace

const ChipShare* ChipShareOf(const RecordConfig& config, ByteView realm_id) {
  const RealmShare* share = config.Find(realm_id);
  return share != nullptr && share->chip ? &*share->chip : nullptr;
}

void RefillChips(const RealmSet& realms, const ConfigGroup& group, const RecordAuthority& authority,
                 std::vector<RealmReport>& reports) {
  std::vector<size_t> asked;
  for (const GroupMember& member : group.members) {
    const bool unlocked = reports[member.realm].condition == RealmCondition::kGood;
    if (unlocked && ChipShareOf(group.config, realms[member.realm].id()) != nullptr) {
      asked.push_back(member.realm);
    }
  }
  const uint32_t limit = group.config.guess_limit;
  for (const size_t realm : asked) reports[realm].remaining = limit;
  WriteAll(realms, asked, group, authority, limit, [&](size_t realm, const absl::Status& status) {
    RealmReport& report = reports[realm];
    report.remaining.reset();
    report.error = status;
    if (absl::IsDataLoss(status)) report.condition = RealmCondition::kFaulty;
  });
}

void RetireChips(const RealmSet& realms, const ConfigGroup& group, const RecordAuthority& authority,
                 const std::vector<size_t>& held, std::vector<RealmReport>& reports) {
  std::vector<size_t> asked;
  for (const size_t realm : held) {
    const bool counts = ChipShareOf(group.config, realms[realm].id()) != nullptr;
    if (counts && group.Find(realm) != nullptr) asked.push_back(realm);
  }
  WriteAll(realms, asked, group, authority, 0, [&](size_t realm, const absl::Status& status) {
    reports[realm].error = status;
    reports[realm].condition = absl::IsDataLoss(status) ? RealmCondition::kFaulty : RealmCondition::kPending;
  });
}

}  // namespace labrec::recovery::client

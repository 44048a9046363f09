#include "recovery/labyrinth/epoch/open_epoch.h"

#include <algorithm>
#include <array>

#include "hsm/base/status_macros.h"
#include "recovery/labyrinth/base/hpke.h"
#include "recovery/labyrinth/base/labels.h"
#include "recovery/labyrinth/base/reason.h"
#include "recovery/labyrinth/epoch/backward_edge.h"

namespace labrec::recovery::labyrinth {
namespace {

absl::Status CheckCensus(const Opener& opener, const Census& census) {
  const bool present = std::ranges::any_of(
      census.members, [&](const Member& member) { return member.id == opener.member.id; });
  if (!present) return Damage(Reason::kMissing, "the store does not show this device's own membership");
  if (census.members.size() > OpeningRecord::kMostMembers) {
    return absl::ResourceExhaustedError("an epoch has at most 256 members; revoke some");
  }
  return absl::OkStatus();
}

OpeningRecord RecordOf(uint64_t sequence, const EpochId& id, const EpochId& previous, const MemberId& opener,
                       std::span<const Member> members) {
  OpeningRecord record{sequence, id, previous, opener, {}};
  for (const Member& member : members) record.members.push_back(LineOf(member));
  return record;
}

void WriteTable(const AccountName& account, EpochPlan& plan) {
  for (const Member& member : plan.members) {
    plan.commit.members.push_back({member.id, MakeMemberEntry(plan.epoch, account, member)});
  }
}

void WriteDeliveries(const Opener& opener, const Epoch& current, ByteView entropy, EpochPlan& plan) {
  const SecretBytes psk = current.NextPsk();
  const Bytes psk_id = current.NextPskId();
  for (const Member& member : plan.members) {
    const Bytes info = DeliveryInfo(opener.account, plan.epoch.opening_hash(), member.id);
    const HpkeParameters parameters{HpkeAead::kAes256Gcm, info, psk.view(), psk_id};
    plan.commit.deliveries.push_back(
        {member.id, HpkeSeal(parameters, member.storage.key, opener.auth, entropy)});
  }
}

}  // namespace

Bytes DeliveryInfo(const AccountName& account, const Digest& opening_hash, const MemberId& recipient) {
  return Bound(kLabelEntropy, account).Raw(opening_hash).Raw(recipient).bytes();
}

EpochPlan PlanFirstEpoch(const Opener& opener, const EpochId& id) {
  const std::array<Member, 1> members = {opener.member};
  Bytes opening = RecordOf(0, id, {}, opener.member.id, members).Encode(opener.account);
  EpochPlan plan{
      Epoch(0, id, Sha256(opening), SecretBytes::Random(32)), {0, id, opening, {}, {}, {}}, {}, {}};
  plan.members.assign(members.begin(), members.end());
  WriteTable(opener.account, plan);
  return plan;
}

absl::StatusOr<EpochPlan> PlanEpoch(const Opener& opener, const Epoch& current, ByteView current_opening,
                                    std::span<const MemberRow> table, const EpochId& id,
                                    const Choice& choice) {
  if (choice.Revokes(opener.member.id)) {
    return absl::InvalidArgumentError("a device cannot revoke itself: do it on another one");
  }
  if (Sha256(current_opening) != current.opening_hash()) {
    return Damage(Reason::kForked, "the store shows another opening record of the current epoch");
  }
  LABREC_ASSIGN_OR_RETURN(const OpeningRecord opening, OpeningRecord::Parse(opener.account, current_opening));
  Census census = TakeCensus(opener.account, current, opening, table, choice);
  LABREC_RETURN_IF_ERROR(CheckCensus(opener, census));

  const uint64_t sequence = current.sequence() + 1;
  Bytes record =
      RecordOf(sequence, id, current.id(), opener.member.id, census.members).Encode(opener.account);
  const SecretBytes entropy = SecretBytes::Random(32);
  EpochPlan plan{Epoch(sequence, id, Sha256(record), current.NextRoot(entropy.view())),
                 {sequence, id, std::move(record), {}, {}, {}},
                 std::move(census.members),
                 std::move(census.left_out)};
  plan.commit.backward_edge = SealBackwardEdge(opener.account, plan.epoch, current);
  WriteTable(opener.account, plan);
  WriteDeliveries(opener, current, entropy.view(), plan);
  return plan;
}

}  // namespace labrec::recovery::labyrinth

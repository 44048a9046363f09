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

struct Census {
  std::vector<Member> members;  // ascending by id
  std::vector<LeftOut> left_out;

  bool HasSeen(const MemberId& id) const {
    return std::ranges::any_of(members, [&](const Member& member) { return member.id == id; }) ||
           std::ranges::any_of(left_out, [&](const LeftOut& left) { return left.id == id; });
  }
};

LeftOutWhy WhyOf(const absl::Status& status) {
  switch (ReasonOf(status)) {
    case Reason::kWrongMac:
      return LeftOutWhy::kWrongMac;
    case Reason::kWrongSignature:
      return LeftOutWhy::kWrongSignature;
    default:
      return LeftOutWhy::kMalformed;
  }
}

// Sorts every row into a member or one that is left out. Of two rows with one id the first counts.
Census Count(const AccountName& account, const Epoch& epoch, std::span<const MemberRow> table,
             const std::optional<MemberId>& revoked) {
  Census census;
  for (const MemberRow& row : table) {
    if (census.HasSeen(row.id)) continue;
    const auto member = OpenMemberEntry(epoch, account, row.bytes);
    if (row.id == revoked) {
      census.left_out.push_back({row.id, LeftOutWhy::kRevoked});
    } else if (!member.ok()) {
      census.left_out.push_back({row.id, WhyOf(member.status())});
    } else if (member->id != row.id) {
      census.left_out.push_back({row.id, LeftOutWhy::kMalformed});
    } else {
      census.members.push_back(*member);
    }
  }
  std::ranges::sort(census.members, {}, &Member::id);
  return census;
}

// Members of the opening record that the table does not show.
void NoteHidden(const OpeningRecord& opening, const std::optional<MemberId>& revoked, Census& census) {
  for (const OpeningRecord::Line& line : opening.members) {
    if (census.HasSeen(line.id)) continue;
    census.left_out.push_back({line.id, line.id == revoked ? LeftOutWhy::kRevoked : LeftOutWhy::kHidden});
  }
}

absl::Status CheckCensus(const Opener& opener, const Census& census, const std::optional<MemberId>& revoked) {
  if (revoked.has_value() && !census.HasSeen(*revoked)) {
    return absl::NotFoundError("device " + Hex(*revoked) + " is no member of the current epoch");
  }
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

std::string_view LeftOutWhyName(LeftOutWhy why) {
  static constexpr std::array<std::string_view, 5> kNames = {
      "revoked", "malformed entry", "wrong membership MAC", "wrong signature", "hidden by the store"};
  return kNames[static_cast<size_t>(why)];
}

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
                                    const std::optional<MemberId>& revoked) {
  if (revoked == opener.member.id) {
    return absl::InvalidArgumentError("a device cannot revoke itself: do it on another one");
  }
  if (Sha256(current_opening) != current.opening_hash()) {
    return Damage(Reason::kForked, "the store shows another opening record of the current epoch");
  }
  LABREC_ASSIGN_OR_RETURN(const OpeningRecord opening, OpeningRecord::Parse(opener.account, current_opening));
  Census census = Count(opener.account, current, table, revoked);
  NoteHidden(opening, revoked, census);
  LABREC_RETURN_IF_ERROR(CheckCensus(opener, census, revoked));

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

#include "recovery/client/steps/newest_group.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "recovery/api/limits.h"

namespace labrec::recovery::client {
namespace {

std::optional<GroupMember> MemberOf(const RecordConfig& config, const Offer& offer) {
  const RealmShare* share = config.Find(offer.realm_id);
  if (share == nullptr) return std::nullopt;
  return GroupMember{offer.realm, offer.stage, share->x, share->masked_share};
}

// The group of these equal offers, if it stands.
std::optional<ConfigGroup> GroupOf(const std::vector<const Offer*>& offers, const RecordName& name,
                                   uint32_t least) {
  const Offer& first = *offers.front();
  auto config = ParseRecordConfig(first.config, name, first.version);
  if (!config.ok() || first.commitment.size() != kCommitmentBytes) return std::nullopt;
  ConfigGroup group;
  group.config = *std::move(config);
  group.digest = Sha256(first.config);
  group.commitment = first.commitment;
  for (const Offer* offer : offers) {
    if (auto member = MemberOf(group.config, *offer)) group.members.push_back(*std::move(member));
  }
  if (group.members.size() < std::max(least, group.threshold())) return std::nullopt;
  return group;
}

}  // namespace

std::vector<ConfigGroup> Groups(const std::vector<Offer>& offers, const RecordName& name, uint32_t least) {
  using Key = std::tuple<uint32_t, Bytes, Bytes>;
  std::map<Key, std::vector<const Offer*>, std::greater<>> groups;
  for (const Offer& offer : offers) {
    std::vector<const Offer*>& same = groups[{offer.version, offer.config, offer.commitment}];
    const bool again =
        std::ranges::any_of(same, [&](const Offer* other) { return other->realm == offer.realm; });
    if (!again) same.push_back(&offer);
  }
  std::vector<ConfigGroup> standing;
  for (const auto& [key, same] : groups) {
    if (auto group = GroupOf(same, name, least)) standing.push_back(*std::move(group));
  }
  return standing;
}

std::optional<ConfigGroup> NewestGroup(const std::vector<Offer>& offers, const RecordName& name,
                                       uint32_t least) {
  std::vector<ConfigGroup> groups = Groups(offers, name, least);
  if (groups.empty()) return std::nullopt;
  return std::move(groups.front());
}

}  // namespace labrec::recovery::client

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

// All versions that enough realms offer, the newest first.
std::vector<ConfigGroup> Standing(const std::vector<Offer>& offers, const RecordName& name, uint32_t least) {
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

// The offer that takes the most realms.
struct Asked {
  uint32_t threshold = 0;
  size_t realm = 0;
  uint32_t version = 0;
};

Asked MostAsked(const std::vector<Offer>& offers, const RecordName& name, Least least) {
  Asked most;
  if (least.from == LeastFrom::kPerson) return most;
  for (const Offer& offer : offers) {
    const auto config = ParseRecordConfig(offer.config, name, offer.version);
    if (!config.ok() || !MemberOf(*config, offer) || config->threshold <= most.threshold) continue;
    most = {config->threshold, offer.realm, offer.version};
  }
  return most;
}

bool Refuses(const Asked& asked, const ConfigGroup& group) {
  return asked.threshold > group.members.size();
}

}  // namespace

std::vector<ConfigGroup> Groups(const std::vector<Offer>& offers, const RecordName& name, Least least) {
  const Asked asked = MostAsked(offers, name, least);
  std::vector<ConfigGroup> groups = Standing(offers, name, least.realms);
  std::erase_if(groups, [&](const ConfigGroup& group) { return Refuses(asked, group); });
  return groups;
}

std::optional<ConfigGroup> NewestGroup(const std::vector<Offer>& offers, const RecordName& name,
                                       Least least) {
  std::vector<ConfigGroup> groups = Groups(offers, name, least);
  if (groups.empty()) return std::nullopt;
  return std::move(groups.front());
}

std::optional<RefusedGroup> FindRefused(const std::vector<Offer>& offers, const RecordName& name,
                                        Least least) {
  const Asked asked = MostAsked(offers, name, least);
  for (ConfigGroup& group : Standing(offers, name, least.realms)) {
    if (!Refuses(asked, group)) continue;
    return RefusedGroup{std::move(group), asked.realm, asked.threshold, asked.version};
  }
  return std::nullopt;
}

}  // namespace labrec::recovery::client

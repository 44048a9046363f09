#include "recovery/client/steps/config_group.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "pin/stretch.h"
#include "recovery/client/realm_address.h"

namespace labrec::recovery::client {
namespace {

constexpr uint32_t kMostGuesses = 20;
constexpr size_t kAkNameBytes = 34;  // a Name with SHA-256
constexpr int kMostConfigRealms = static_cast<int>(kMostRealms);

absl::Status Wrong(const char* field) {
  return absl::InvalidArgumentError(absl::StrCat("record config: ", field, " is not what a client writes"));
}

absl::Status CheckShares(const v1::RecordConfig& config) {
  if (config.realms_size() < 1 || config.realms_size() > kMostConfigRealms) return Wrong("realms");
  std::set<std::string> ids;
  for (int i = 0; i < config.realms_size(); ++i) {
    const v1::RealmShare& share = config.realms(i);
    if (share.realm_id().size() != 16 || !ids.insert(share.realm_id()).second)
      return Wrong("realms.realm_id");
    if (share.x() != static_cast<uint32_t>(i) + 1) return Wrong("realms.x");
    if (share.masked_share().size() != 32) return Wrong("realms.masked_share");
  }
  if (config.threshold() < 1 || config.threshold() > static_cast<uint32_t>(config.realms_size())) {
    return Wrong("threshold");
  }
  return absl::OkStatus();
}

absl::Status CheckEnforcement(const v1::RecordConfig& config) {
  int chips = 0;
  for (const v1::RealmShare& share : config.realms()) {
    if (!share.has_chip()) continue;
    ++chips;
    if (share.chip().index() >> 24 != 0x01) return Wrong("realms.chip.index");
    if (share.chip().ak_name().size() != kAkNameBytes) return Wrong("realms.chip.ak_name");
  }
  if (config.enforcement() != EnforcementOf(chips, config.realms_size())) return Wrong("enforcement");
  return absl::OkStatus();
}

const v1::RealmShare* ShareOf(const v1::RecordConfig& config, const Bytes& realm_id) {
  for (const v1::RealmShare& share : config.realms()) {
    if (SameBytes(AsBytes(share.realm_id()), realm_id)) return &share;
  }
  return nullptr;
}

std::optional<GroupMember> MemberOf(const v1::RecordConfig& config, const Offer& offer) {
  const v1::RealmShare* share = ShareOf(config, offer.realm_id);
  if (share == nullptr) return std::nullopt;
  return GroupMember{offer.realm, offer.stage, share->x(), ToBytes(share->masked_share())};
}

// The group of these equal offers, if it stands.
std::optional<ConfigGroup> GroupOf(const std::vector<const Offer*>& offers, const RecordId& id,
                                   uint32_t least) {
  ConfigGroup group;
  const Offer& first = *offers.front();
  if (first.commitment.size() != 32 || !group.config.ParseFromString(ToString(first.config)) ||
      !CheckConfig(group.config, id, first.version).ok()) {
    return std::nullopt;
  }
  group.digest = Sha256(first.config);
  group.commitment = first.commitment;
  for (const Offer* offer : offers) {
    if (auto member = MemberOf(group.config, *offer)) group.members.push_back(*std::move(member));
  }
  if (group.members.size() < std::max(least, group.config.threshold())) return std::nullopt;
  return group;
}

}  // namespace

const GroupMember* ConfigGroup::Find(size_t realm) const {
  const auto member = std::ranges::find(members, realm, &GroupMember::realm);
  return member == members.end() ? nullptr : &*member;
}

v1::Enforcement EnforcementOf(int chips, int realms) {
  if (chips == 0) return v1::ENFORCEMENT_LEDGER;
  return chips == realms ? v1::ENFORCEMENT_CHIP : v1::ENFORCEMENT_MIXED;
}

absl::Status CheckConfig(const v1::RecordConfig& config, const RecordId& id, uint32_t version) {
  if (config.version() != version || version == 0) return Wrong("version");
  if (config.tenant() != id.tenant) return Wrong("tenant");
  if (config.account() != id.account) return Wrong("account");
  if (config.record() != id.record) return Wrong("record");
  if (config.salt().size() != pin::kSaltSize) return Wrong("salt");
  if (config.guess_limit() < 1 || config.guess_limit() > kMostGuesses) return Wrong("guess_limit");
  if (!pin::CheckArgonParameters({config.argon_memory_kib(), config.argon_passes(), config.argon_lanes()})
           .ok()) {
    return Wrong("argon parameters");
  }
  LABREC_RETURN_IF_ERROR(CheckShares(config));
  return CheckEnforcement(config);
}

std::optional<ConfigGroup> NewestGroup(const std::vector<Offer>& offers, const RecordId& id, uint32_t least) {
  using Key = std::tuple<uint32_t, Bytes, Bytes>;
  std::map<Key, std::vector<const Offer*>, std::greater<>> groups;
  for (const Offer& offer : offers) {
    std::vector<const Offer*>& same = groups[{offer.version, offer.config, offer.commitment}];
    const bool again =
        std::ranges::any_of(same, [&](const Offer* other) { return other->realm == offer.realm; });
    if (!again) same.push_back(&offer);
  }
  for (const auto& [key, same] : groups) {
    if (auto group = GroupOf(same, id, least)) return group;
  }
  return std::nullopt;
}

}  // namespace labrec::recovery::client

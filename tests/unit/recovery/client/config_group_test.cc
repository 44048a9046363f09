#include "recovery/client/steps/config_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace labrec::recovery::client {
namespace {

const RecordId kId{"chat", "alice", "default"};

Bytes RealmId(uint8_t realm) {
  return Bytes(16, realm);
}

v1::RecordConfig ConfigOf(uint32_t version, uint32_t threshold, int realms) {
  v1::RecordConfig config;
  config.set_version(version);
  config.set_tenant(kId.tenant);
  config.set_account(kId.account);
  config.set_record(kId.record);
  config.set_threshold(threshold);
  for (int i = 0; i < realms; ++i) {
    v1::RealmShare* share = config.add_realms();
    share->set_realm_id(ToString(RealmId(static_cast<uint8_t>(i))));
    share->set_x(static_cast<uint32_t>(i) + 1);
    share->set_masked_share(std::string(32, 'c'));
  }
  config.set_salt(std::string(16, 's'));
  config.set_argon_memory_kib(65536);
  config.set_argon_passes(3);
  config.set_argon_lanes(1);
  config.set_guess_limit(10);
  config.set_enforcement(v1::ENFORCEMENT_LEDGER);
  return config;
}

Offer OfferOf(size_t realm, const v1::RecordConfig& config, OfferStage stage = OfferStage::kActive) {
  return {realm, RealmId(static_cast<uint8_t>(realm)), config.version(),
          stage, ToBytes(config.SerializeAsString()),  Bytes(32, 'k')};
}

TEST(NewestGroup, TakesWhatAllOffer) {
  const v1::RecordConfig config = ConfigOf(3, 2, 3);
  const auto group = NewestGroup({OfferOf(0, config), OfferOf(1, config), OfferOf(2, config)}, kId, 2);
  ASSERT_TRUE(group.has_value());
  EXPECT_EQ(group->version(), 3U);
  EXPECT_EQ(group->digest, Sha256(config.SerializeAsString()));
  ASSERT_EQ(group->members.size(), 3U);
  ASSERT_NE(group->Find(1), nullptr);
  EXPECT_EQ(group->Find(1)->x, 2U);
  EXPECT_EQ(group->Find(3), nullptr);
}

TEST(NewestGroup, PrefersNewerAndMixesPendingWithActive) {
  const v1::RecordConfig old_config = ConfigOf(1, 2, 3);
  const v1::RecordConfig new_config = ConfigOf(2, 2, 3);
  const auto group = NewestGroup({OfferOf(0, old_config), OfferOf(0, new_config, OfferStage::kPending),
                                  OfferOf(1, new_config), OfferOf(2, old_config)},
                                 kId, 2);
  ASSERT_TRUE(group.has_value());
  EXPECT_EQ(group->version(), 2U);
  EXPECT_EQ(group->Find(0)->stage, OfferStage::kPending);
  EXPECT_EQ(group->Find(1)->stage, OfferStage::kActive);
}

TEST(NewestGroup, ANewerVersionHeldByTooFewIsNotUsed) {
  const v1::RecordConfig old_config = ConfigOf(1, 2, 3);
  const v1::RecordConfig new_config = ConfigOf(2, 2, 3);
  const auto group = NewestGroup({OfferOf(0, old_config), OfferOf(0, new_config, OfferStage::kPending),
                                  OfferOf(1, old_config), OfferOf(2, old_config)},
                                 kId, 2);
  ASSERT_TRUE(group.has_value());
  EXPECT_EQ(group->version(), 1U);
  EXPECT_EQ(group->members.size(), 3U);
}

TEST(NewestGroup, OneRealmCannotLowerTheThreshold) {
  const v1::RecordConfig honest = ConfigOf(1, 2, 3);
  const v1::RecordConfig forged = ConfigOf(9, 1, 1);
  const std::vector<Offer> offers = {OfferOf(0, honest), OfferOf(0, forged), OfferOf(1, honest)};
  const auto group = NewestGroup(offers, kId, 2);
  ASSERT_TRUE(group.has_value());
  EXPECT_EQ(group->version(), 1U);
  // The same offers, if the caller asks for no more than one realm, show that it is `least` that protects.
  EXPECT_EQ(NewestGroup(offers, kId, 1)->version(), 9U);
}

TEST(NewestGroup, OneRealmCannotCountTwice) {
  const v1::RecordConfig config = ConfigOf(1, 2, 3);
  EXPECT_FALSE(NewestGroup({OfferOf(0, config), OfferOf(0, config)}, kId, 2).has_value());
}

TEST(NewestGroup, ARealmThatIsNotInTheConfigDoesNotCount) {
  const v1::RecordConfig config = ConfigOf(1, 2, 2);
  EXPECT_FALSE(NewestGroup({OfferOf(0, config), OfferOf(5, config)}, kId, 2).has_value());
}

TEST(NewestGroup, NeedsItsOwnThresholdToo) {
  const v1::RecordConfig config = ConfigOf(1, 3, 3);
  EXPECT_FALSE(NewestGroup({OfferOf(0, config), OfferOf(1, config)}, kId, 1).has_value());
}

TEST(NewestGroup, AnotherCommitmentIsAnotherGroup) {
  const v1::RecordConfig config = ConfigOf(1, 2, 3);
  Offer liar = OfferOf(2, config);
  liar.commitment[0] ^= 1;
  const auto group = NewestGroup({OfferOf(0, config), OfferOf(1, config), liar}, kId, 2);
  ASSERT_TRUE(group.has_value());
  EXPECT_EQ(group->Find(2), nullptr);
  liar.commitment = Bytes(31, 'k');
  EXPECT_FALSE(NewestGroup({liar, liar}, kId, 1).has_value());
}

TEST(NewestGroup, GarbageIsNoGroup) {
  EXPECT_FALSE(NewestGroup({}, kId, 1).has_value());
  Offer offer = OfferOf(0, ConfigOf(1, 1, 1));
  EXPECT_TRUE(NewestGroup({offer}, kId, 1).has_value());
  offer.config.push_back(0xFF);
  EXPECT_FALSE(NewestGroup({offer}, kId, 1).has_value());
  offer = OfferOf(0, ConfigOf(1, 1, 1));
  offer.version = 2;
  EXPECT_FALSE(NewestGroup({offer}, kId, 1).has_value());
}

TEST(CheckConfig, TakesOnlyWhatAClientWrites) {
  using Change = void (*)(v1::RecordConfig&);
  const std::pair<const char*, Change> changes[] = {
      {"version", [](v1::RecordConfig& c) { c.set_version(4); }},
      {"tenant", [](v1::RecordConfig& c) { c.set_tenant("other"); }},
      {"account", [](v1::RecordConfig& c) { c.set_account("bob"); }},
      {"record", [](v1::RecordConfig& c) { c.set_record("other"); }},
      {"threshold", [](v1::RecordConfig& c) { c.set_threshold(0); }},
      {"threshold", [](v1::RecordConfig& c) { c.set_threshold(4); }},
      {"realms", [](v1::RecordConfig& c) { c.clear_realms(); }},
      {"realms.realm_id",
       [](v1::RecordConfig& c) { c.mutable_realms(1)->set_realm_id(c.realms(0).realm_id()); }},
      {"realms.realm_id", [](v1::RecordConfig& c) { c.mutable_realms(1)->set_realm_id("short"); }},
      {"realms.x", [](v1::RecordConfig& c) { c.mutable_realms(1)->set_x(1); }},
      {"realms.x", [](v1::RecordConfig& c) { c.mutable_realms(0)->set_x(0); }},
      {"realms.masked_share", [](v1::RecordConfig& c) { c.mutable_realms(2)->set_masked_share("x"); }},
      {"salt", [](v1::RecordConfig& c) { c.set_salt("short"); }},
      {"argon", [](v1::RecordConfig& c) { c.set_argon_memory_kib(2U << 20); }},
      {"argon", [](v1::RecordConfig& c) { c.set_argon_passes(65); }},
      {"guess_limit", [](v1::RecordConfig& c) { c.set_guess_limit(0); }},
      {"guess_limit", [](v1::RecordConfig& c) { c.set_guess_limit(21); }},
      {"enforcement", [](v1::RecordConfig& c) { c.set_enforcement(v1::ENFORCEMENT_UNSPECIFIED); }},
      {"enforcement", [](v1::RecordConfig& c) { c.set_enforcement(v1::ENFORCEMENT_CHIP); }},
  };
  EXPECT_TRUE(CheckConfig(ConfigOf(3, 2, 3), kId, 3).ok());
  for (const auto& [field, change] : changes) {
    v1::RecordConfig config = ConfigOf(3, 2, 3);
    change(config);
    const absl::Status status = CheckConfig(config, kId, 3);
    EXPECT_FALSE(status.ok()) << field;
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr(field));
  }
}

}  // namespace
}  // namespace labrec::recovery::client

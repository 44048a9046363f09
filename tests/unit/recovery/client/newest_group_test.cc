#include "recovery/client/steps/newest_group.h"

#include <gtest/gtest.h>

#include "recovery/api/v1/recovery.pb.h"

namespace labrec::recovery::client {
namespace {

namespace v1 = ::labyrinth::recovery::v1;

const RecordName kName{"chat", "alice", "default"};

Bytes RealmId(uint8_t realm) {
  return Bytes(16, realm);
}

v1::RecordConfig ConfigOf(uint32_t version, uint32_t threshold, int realms) {
  v1::RecordConfig config;
  config.set_version(version);
  config.set_tenant(kName.tenant);
  config.set_account(kName.account);
  config.set_record(kName.record);
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
  const auto group = NewestGroup({OfferOf(0, config), OfferOf(1, config), OfferOf(2, config)}, kName, {2});
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
                                 kName, {2});
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
                                 kName, {2});
  ASSERT_TRUE(group.has_value());
  EXPECT_EQ(group->version(), 1U);
  EXPECT_EQ(group->members.size(), 3U);
}

TEST(NewestGroup, OneRealmCannotLowerTheThreshold) {
  const v1::RecordConfig honest = ConfigOf(1, 2, 3);
  const v1::RecordConfig forged = ConfigOf(9, 1, 1);
  const std::vector<Offer> offers = {OfferOf(0, honest), OfferOf(0, forged), OfferOf(1, honest)};
  const auto group = NewestGroup(offers, kName, {2});
  ASSERT_TRUE(group.has_value());
  EXPECT_EQ(group->version(), 1U);
  // The same offers, if the caller asks for no more than one realm, show that it is `least` that protects.
  EXPECT_EQ(NewestGroup(offers, kName, {1, LeastFrom::kPerson})->version(), 9U);
  EXPECT_NE(NewestGroup(offers, kName, {1})->version(), 9U);
}

TEST(NewestGroup, OneRealmCannotCountTwice) {
  const v1::RecordConfig config = ConfigOf(1, 2, 3);
  EXPECT_FALSE(NewestGroup({OfferOf(0, config), OfferOf(0, config)}, kName, {2}).has_value());
}

TEST(NewestGroup, ARealmThatIsNotInTheConfigDoesNotCount) {
  const v1::RecordConfig config = ConfigOf(1, 2, 2);
  EXPECT_FALSE(NewestGroup({OfferOf(0, config), OfferOf(5, config)}, kName, {2}).has_value());
}

TEST(NewestGroup, NeedsItsOwnThresholdToo) {
  const v1::RecordConfig config = ConfigOf(1, 3, 3);
  EXPECT_FALSE(NewestGroup({OfferOf(0, config), OfferOf(1, config)}, kName, {1}).has_value());
}

TEST(NewestGroup, AnotherCommitmentIsAnotherGroup) {
  const v1::RecordConfig config = ConfigOf(1, 2, 3);
  Offer liar = OfferOf(2, config);
  liar.commitment[0] ^= 1;
  const auto group = NewestGroup({OfferOf(0, config), OfferOf(1, config), liar}, kName, {2});
  ASSERT_TRUE(group.has_value());
  EXPECT_EQ(group->Find(2), nullptr);
  liar.commitment = Bytes(31, 'k');
  EXPECT_FALSE(NewestGroup({liar, liar}, kName, {1}).has_value());
}

TEST(NewestGroup, GarbageIsNoGroup) {
  EXPECT_FALSE(NewestGroup({}, kName, {1}).has_value());
  Offer offer = OfferOf(0, ConfigOf(1, 1, 1));
  EXPECT_TRUE(NewestGroup({offer}, kName, {1}).has_value());
  offer.config.push_back(0xFF);
  EXPECT_FALSE(NewestGroup({offer}, kName, {1}).has_value());
  offer = OfferOf(0, ConfigOf(1, 1, 1));
  offer.version = 2;
  EXPECT_FALSE(NewestGroup({offer}, kName, {1}).has_value());
}

TEST(NewestGroup, AConfigThatBreaksTheRulesIsNoGroup) {
  v1::RecordConfig config = ConfigOf(1, 1, 2);
  EXPECT_TRUE(NewestGroup({OfferOf(0, config)}, kName, {1}).has_value());
  config.mutable_realms(1)->set_realm_id(config.realms(0).realm_id());
  EXPECT_FALSE(NewestGroup({OfferOf(0, config)}, kName, {1}).has_value());
}

// The record takes three realms; the client does not know that, and two realms make up a newer version.
TEST(NewestGroup, IsRefusedWhileARealmOffersWhatTakesMoreRealms) {
  const v1::RecordConfig config = ConfigOf(4, 3, 3);
  const v1::RecordConfig made_up = ConfigOf(5, 1, 3);
  const std::vector<Offer> offers = {OfferOf(0, made_up), OfferOf(1, made_up), OfferOf(2, config)};
  EXPECT_FALSE(NewestGroup(offers, kName, {2}).has_value());
  const auto refused = FindRefused(offers, kName, {2});
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->group.version(), 5U);
  EXPECT_EQ(refused->realm, 2U);
  EXPECT_EQ(refused->asked_threshold, 3U);
  EXPECT_EQ(refused->asked_version, 4U);
}

TEST(NewestGroup, WhatThePersonSaysOfTheRecordIsNotOverruledByOneRealm) {
  const v1::RecordConfig config = ConfigOf(4, 2, 3);
  const std::vector<Offer> offers = {OfferOf(0, config), OfferOf(1, config), OfferOf(2, ConfigOf(5, 3, 3))};
  EXPECT_FALSE(NewestGroup(offers, kName, {2}).has_value());
  EXPECT_EQ(NewestGroup(offers, kName, {2, LeastFrom::kPerson})->version(), 4U);
  EXPECT_FALSE(FindRefused(offers, kName, {2, LeastFrom::kPerson}).has_value());
}

TEST(NewestGroup, AConfigThatCouldNotBeUsedAsksForNothing) {
  const v1::RecordConfig config = ConfigOf(4, 2, 3);
  v1::RecordConfig of_another = ConfigOf(5, 3, 3);
  of_another.set_account("bob");
  const std::vector<Offer> offers = {OfferOf(0, config), OfferOf(1, config), OfferOf(2, of_another)};
  EXPECT_TRUE(NewestGroup(offers, kName, {2}).has_value());
}

TEST(NewestGroup, WhatTakesAsManyAsStandBehindItIsUsed) {
  const v1::RecordConfig before = ConfigOf(4, 3, 4);
  const v1::RecordConfig after = ConfigOf(5, 2, 4);
  const std::vector<Offer> offers = {OfferOf(0, after), OfferOf(1, after), OfferOf(2, after),
                                     OfferOf(3, before)};
  EXPECT_EQ(NewestGroup(offers, kName, {3})->version(), 5U);
}

}  // namespace
}  // namespace labrec::recovery::client

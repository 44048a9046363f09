#include "recovery/api/record_config.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/api/v1/recovery.pb.h"

namespace labrec::recovery {
namespace {

namespace v1 = ::labyrinth::recovery::v1;

const Bytes kRealm(16, 'r');
const RecordName kName{"tenant", "alice", "main"};

v1::RecordConfig Good(int realms = 3) {
  v1::RecordConfig config;
  config.set_version(4);
  config.set_tenant(kName.tenant);
  config.set_account(kName.account);
  config.set_record(kName.record);
  config.set_threshold(static_cast<uint32_t>((realms + 1) / 2));
  for (int i = 0; i < realms; ++i) {
    auto& share = *config.add_realms();
    share.set_realm_id(i == realms - 1 ? ToString(kRealm) : std::string(16, static_cast<char>('0' + i)));
    share.set_x(static_cast<uint32_t>(i) + 1);
    share.set_masked_share(std::string(32, 's'));
  }
  config.set_salt(std::string(16, 't'));
  config.set_argon_memory_kib(65536);
  config.set_argon_passes(3);
  config.set_argon_lanes(1);
  config.set_guess_limit(10);
  config.set_enforcement(v1::ENFORCEMENT_LEDGER);
  return config;
}

absl::StatusOr<RecordConfig> Check(const v1::RecordConfig& config) {
  return ParseRecordConfig(ToBytes(config.SerializeAsString()), kName, 4);
}

TEST(RecordConfig, GoodOnesComeBackAsTheyWere) {
  for (const int realms : {1, 3, 16}) {
    const v1::RecordConfig good = Good(realms);
    const auto config = Check(good);
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(config->guess_limit, 10U);
    EXPECT_EQ(config->realms.size(), static_cast<size_t>(realms));
    EXPECT_EQ(config->chips(), 0U);
    EXPECT_EQ(Encode(*config), ToBytes(good.SerializeAsString()));
  }
}

TEST(RecordConfig, FindsAShareByItsRealm) {
  const RecordConfig config = *Check(Good());
  ASSERT_NE(config.Find(kRealm), nullptr);
  EXPECT_EQ(config.Find(kRealm)->x, 3U);
  EXPECT_EQ(config.Find(Bytes(16, 'x')), nullptr);
}

v1::RecordConfig WithChips(int chips) {
  v1::RecordConfig config = Good(3);
  for (int i = 3 - chips; i < 3; ++i) {
    config.mutable_realms(i)->mutable_chip()->set_index(0x01800200U + static_cast<uint32_t>(i));
    config.mutable_realms(i)->mutable_chip()->set_ak_name(std::string(34, 'n'));
  }
  return config;
}

TEST(RecordConfig, EnforcementIsWhatTheSharesSay) {
  const v1::Enforcement borne_out[] = {v1::ENFORCEMENT_LEDGER, v1::ENFORCEMENT_MIXED, v1::ENFORCEMENT_MIXED,
                                       v1::ENFORCEMENT_CHIP};
  for (int chips = 0; chips <= 3; ++chips) {
    for (const v1::Enforcement said :
         {v1::ENFORCEMENT_UNSPECIFIED, v1::ENFORCEMENT_LEDGER, v1::ENFORCEMENT_CHIP, v1::ENFORCEMENT_MIXED}) {
      v1::RecordConfig config = WithChips(chips);
      config.set_enforcement(said);
      EXPECT_EQ(Check(config).ok(), said == borne_out[chips]) << chips << " chips, " << said;
    }
  }
}

TEST(RecordConfig, ChipsAreInTheirShares) {
  v1::RecordConfig config = WithChips(1);  // the last realm's
  config.set_enforcement(v1::ENFORCEMENT_MIXED);
  const auto parsed = Check(config);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->chips(), 1U);
  EXPECT_EQ(parsed->realms[2].chip, (ChipShare{0x01800202U, Bytes(34, 'n')}));
  EXPECT_EQ(Encode(*parsed), ToBytes(config.SerializeAsString()));
  config.mutable_realms(2)->mutable_chip()->set_index(0x81000000U);
  EXPECT_FALSE(Check(config).ok()) << "no handle of an NV index";
  config.mutable_realms(2)->mutable_chip()->set_index(0x01800202U);
  config.mutable_realms(2)->mutable_chip()->set_ak_name(std::string(33, 'n'));
  EXPECT_FALSE(Check(config).ok());
}

TEST(RecordConfig, EachFieldIsChecked) {
  using Spoil = std::function<void(v1::RecordConfig&)>;
  const std::pair<const char*, Spoil> cases[] = {
      {"version", [](auto& c) { c.set_version(5); }},
      {"tenant", [](auto& c) { c.set_tenant("other"); }},
      {"account", [](auto& c) { c.set_account("bob"); }},
      {"record", [](auto& c) { c.set_record("other"); }},
      {"threshold", [](auto& c) { c.set_threshold(0); }},
      {"threshold", [](auto& c) { c.set_threshold(4); }},
      {"1 to 16 realms", [](auto& c) { c.clear_realms(); }},
      {"1 to 16 realms", [](auto& c) { c = Good(17); }},
      {"realm_id must be there once",
       [](auto& c) { c.mutable_realms(1)->set_realm_id(c.realms(0).realm_id()); }},
      {"realm_id", [](auto& c) { c.mutable_realms(0)->set_realm_id("short"); }},
      {"x = 1, 2, 3", [](auto& c) { c.mutable_realms(0)->set_x(0); }},
      {"x = 1, 2, 3", [](auto& c) { c.mutable_realms(1)->set_x(3); }},
      {"masked_share", [](auto& c) { c.mutable_realms(1)->set_masked_share(std::string(31, 's')); }},
      {"salt", [](auto& c) { c.set_salt(std::string(15, 't')); }},
      {"memory", [](auto& c) { c.set_argon_memory_kib((1U << 20) + 1); }},
      {"memory", [](auto& c) { c.set_argon_memory_kib(0); }},
      {"passes", [](auto& c) { c.set_argon_passes(0); }},
      {"passes", [](auto& c) { c.set_argon_passes(65); }},
      {"lanes", [](auto& c) { c.set_argon_lanes(0); }},
      {"guess_limit", [](auto& c) { c.set_guess_limit(0); }},
      {"guess_limit", [](auto& c) { c.set_guess_limit(21); }},
      {"enforcement", [](auto& c) { c.clear_enforcement(); }},
      {"enforcement", [](auto& c) { c.set_enforcement(v1::ENFORCEMENT_CHIP); }},
  };
  for (const auto& [what, spoil] : cases) {
    v1::RecordConfig config = Good();
    spoil(config);
    const absl::Status status = Check(config).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << what;
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr(what));
  }
}

TEST(RecordConfig, OnlyTheDeterministicEncoding) {
  const std::string good = Good().SerializeAsString();
  const std::string bad[] = {
      "",
      good.substr(0, good.size() - 1),
      good + std::string("\x78\x01", 2),   // field 15, unknown
      good + std::string("\x58\x0A", 2),   // guess_limit again
      good.substr(2) + good.substr(0, 2),  // version last
      std::string(8193, 'x'),
  };
  for (const std::string& bytes : bad) {
    EXPECT_EQ(ParseRecordConfig(ToBytes(bytes), kName, 4).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(RecordConfig, VersionsBeginWithOne) {
  v1::RecordConfig config = Good();
  config.set_version(0);
  EXPECT_FALSE(ParseRecordConfig(ToBytes(config.SerializeAsString()), kName, 0).ok());
}

}  // namespace
}  // namespace labrec::recovery

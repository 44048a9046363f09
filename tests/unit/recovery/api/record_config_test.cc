#include "recovery/api/record_config.h"

#include <functional>

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

absl::StatusOr<ConfigTerms> Check(const v1::RecordConfig& config) {
  return CheckConfig(ToBytes(config.SerializeAsString()), kRealm, kName, 4);
}

TEST(ConfigCheck, GoodOnesGiveTheirLimit) {
  for (const int realms : {1, 3, 16}) {
    const auto terms = Check(Good(realms));
    ASSERT_TRUE(terms.ok()) << terms.status();
    EXPECT_EQ(terms->guess_limit, 10U);
    EXPECT_FALSE(terms->chip_index);
  }
}

v1::RecordConfig WithChips(int chips) {
  v1::RecordConfig config = Good(3);
  for (int i = 3 - chips; i < 3; ++i) {
    config.mutable_realms(i)->mutable_chip()->set_index(0x01800200U + static_cast<uint32_t>(i));
    config.mutable_realms(i)->mutable_chip()->set_ak_name(std::string(34, 'n'));
  }
  return config;
}

TEST(ConfigCheck, EnforcementIsWhatTheSharesSay) {
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

TEST(ConfigCheck, ThisRealmsIndexIsTold) {
  v1::RecordConfig config = WithChips(1);  // this realm is the last one
  config.set_enforcement(v1::ENFORCEMENT_MIXED);
  EXPECT_EQ(Check(config)->chip_index, 0x01800202U);
  config.mutable_realms(2)->mutable_chip()->set_index(0x81000000U);
  EXPECT_FALSE(Check(config).ok()) << "no handle of an NV index";
  config.mutable_realms(2)->mutable_chip()->set_index(0x01800202U);
  config.mutable_realms(2)->mutable_chip()->set_ak_name(std::string(33, 'n'));
  EXPECT_FALSE(Check(config).ok());
}

TEST(ConfigCheck, EachFieldIsChecked) {
  using Spoil = std::function<void(v1::RecordConfig&)>;
  const std::pair<const char*, Spoil> cases[] = {
      {"version", [](auto& c) { c.set_version(5); }},
      {"tenant", [](auto& c) { c.set_tenant("other"); }},
      {"account", [](auto& c) { c.set_account("bob"); }},
      {"record", [](auto& c) { c.set_record("other"); }},
      {"threshold 0", [](auto& c) { c.set_threshold(0); }},
      {"threshold above N", [](auto& c) { c.set_threshold(4); }},
      {"no realms", [](auto& c) { c.clear_realms(); }},
      {"17 realms", [](auto& c) { c = Good(17); }},
      {"not this realm", [](auto& c) { c.mutable_realms(2)->set_realm_id(std::string(16, 'x')); }},
      {"this realm twice", [](auto& c) { c.mutable_realms(0)->set_realm_id(ToString(kRealm)); }},
      {"short realm id", [](auto& c) { c.mutable_realms(0)->set_realm_id("short"); }},
      {"x from 0", [](auto& c) { c.mutable_realms(0)->set_x(0); }},
      {"x out of order", [](auto& c) { c.mutable_realms(1)->set_x(3); }},
      {"short share", [](auto& c) { c.mutable_realms(1)->set_masked_share(std::string(31, 's')); }},
      {"salt", [](auto& c) { c.set_salt(std::string(15, 't')); }},
      {"memory over 1 GiB", [](auto& c) { c.set_argon_memory_kib((1U << 20) + 1); }},
      {"no memory", [](auto& c) { c.set_argon_memory_kib(0); }},
      {"no passes", [](auto& c) { c.set_argon_passes(0); }},
      {"65 passes", [](auto& c) { c.set_argon_passes(65); }},
      {"no lanes", [](auto& c) { c.set_argon_lanes(0); }},
      {"limit 0", [](auto& c) { c.set_guess_limit(0); }},
      {"limit 21", [](auto& c) { c.set_guess_limit(21); }},
      {"no enforcement", [](auto& c) { c.clear_enforcement(); }},
      {"chip", [](auto& c) { c.set_enforcement(v1::ENFORCEMENT_CHIP); }},
  };
  for (const auto& [what, spoil] : cases) {
    v1::RecordConfig config = Good();
    spoil(config);
    EXPECT_EQ(Check(config).status().code(), absl::StatusCode::kInvalidArgument) << what;
  }
}

TEST(ConfigCheck, OnlyTheDeterministicEncoding) {
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
    EXPECT_EQ(CheckConfig(ToBytes(bytes), kRealm, kName, 4).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace labrec::recovery

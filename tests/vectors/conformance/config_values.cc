#include <functional>
#include <utility>
#include <vector>

#include "hsm/base/encoding.h"
#include "recovery/api/record_config.h"
#include "recovery/api/wire/config_message.h"
#include "tests/vectors/conformance/example.h"
#include "tests/vectors/conformance/record.h"
#include "tests/vectors/conformance/values.h"

namespace labrec::conformance {
namespace {

using Json = nlohmann::ordered_json;
using recovery::wire::ChipShare;
using recovery::wire::Enforcement;
using Message = recovery::wire::RecordConfig;

struct Change {
  const char* name;
  std::function<void(Message&)> make;
};

const ChipShare kChip{0x01800001, Bytes(34, 0x0B)};

std::vector<Change> Identities() {
  return {
      {"the example", [](Message&) {}},
      {"another version", [](Message& m) { m.version = 2; }},
      {"no version", [](Message& m) { m.version = 0; }},
      {"another tenant", [](Message& m) { m.tenant = "other.example"; }},
      {"another account", [](Message& m) { m.account = "bob"; }},
      {"another record", [](Message& m) { m.record = "other"; }},
      {"threshold 0", [](Message& m) { m.threshold = 0; }},
      {"threshold 3 of 3", [](Message& m) { m.threshold = 3; }},
      {"threshold 4 of 3", [](Message& m) { m.threshold = 4; }},
      {"no realm", [](Message& m) { m.realms.clear(); }},
      {"17 realms",
       [](Message& m) {
         while (m.realms.size() < 17) {
           m.realms.push_back(m.realms[0]);
           m.realms.back().x = static_cast<uint32_t>(m.realms.size());
           m.realms.back().realm_id[0] = static_cast<uint8_t>(m.realms.size());
         }
       }},
      {"a realm twice", [](Message& m) { m.realms[1].realm_id = m.realms[0].realm_id; }},
      {"a realm_id of 15 bytes", [](Message& m) { m.realms[0].realm_id.pop_back(); }},
      {"x from 0", [](Message& m) { m.realms[0].x = 0; }},
      {"x out of order", [](Message& m) { std::swap(m.realms[0].x, m.realms[1].x); }},
      {"a share of 31 bytes", [](Message& m) { m.realms[2].masked_share.pop_back(); }},
  };
}

std::vector<Change> Costs() {
  return {
      {"a salt of 15 bytes", [](Message& m) { m.salt.pop_back(); }},
      {"1 GiB", [](Message& m) { m.argon_memory_kib = 1U << 20; }},
      {"more than 1 GiB", [](Message& m) { m.argon_memory_kib = (1U << 20) + 1; }},
      {"8 KiB for each lane", [](Message& m) { m.argon_memory_kib = 128, m.argon_lanes = 16; }},
      {"less than 8 KiB for each lane", [](Message& m) { m.argon_memory_kib = 127, m.argon_lanes = 16; }},
      {"64 passes", [](Message& m) { m.argon_passes = 64; }},
      {"65 passes", [](Message& m) { m.argon_passes = 65; }},
      {"no pass", [](Message& m) { m.argon_passes = 0; }},
      {"17 lanes", [](Message& m) { m.argon_lanes = 17; }},
      {"guess limit 20", [](Message& m) { m.guess_limit = 20; }},
      {"guess limit 21", [](Message& m) { m.guess_limit = 21; }},
      {"guess limit 0", [](Message& m) { m.guess_limit = 0; }},
      {"enforcement not said", [](Message& m) { m.enforcement = Enforcement::kUnspecified; }},
      {"by chips that no share has", [](Message& m) { m.enforcement = Enforcement::kChip; }},
      {"mixed",
       [](Message& m) {
         m.realms[0].chip = kChip;
         m.enforcement = Enforcement::kMixed;
       }},
      {"by all chips",
       [](Message& m) {
         for (auto& share : m.realms) share.chip = kChip;
         m.enforcement = Enforcement::kChip;
       }},
      {"a chip, and by the ledger", [](Message& m) { m.realms[0].chip = kChip; }},
      {"an index that is none",
       [](Message& m) {
         m.realms[0].chip = {0x81000001, kChip.ak_name};
         m.enforcement = Enforcement::kMixed;
       }},
      {"an ak_name of 33 bytes",
       [](Message& m) {
         m.realms[0].chip = {kChip.index, Bytes(33, 0x0B)};
         m.enforcement = Enforcement::kMixed;
       }},
  };
}

Json Row(const char* name, const Bytes& bytes) {
  const recovery::RecordName record{Example::kTenant, Example::kAccount, Example::kRecord};
  const bool is_good = recovery::ParseRecordConfig(bytes, record, Example::kVersion).ok();
  return {{"name", name}, {"config", Hex(bytes)}, {"good", is_good}};
}

Bytes Joined(ByteView a, ByteView b) {
  Bytes both = ToBytes(a);
  both.insert(both.end(), b.begin(), b.end());
  return both;
}

}  // namespace

Json ConfigValues() {
  const Bytes good = ExampleRecord().config_bytes;
  const Message message = recovery::wire::Decode<Message>(good).value();
  Json rows = Json::array();
  for (const auto& changes : {Identities(), Costs()}) {
    for (const Change& change : changes) {
      Message changed = message;
      change.make(changed);
      rows.push_back(Row(change.name, recovery::wire::Encode(changed)));
    }
  }
  // The right message in other bytes.
  const Bytes unknown = {0x78, 0x01}, empty_field = {0x60, 0x00}, twice = {0x60, 0x01};
  Bytes long_varint = good;
  long_varint[1] = 0x81;  // version = 1 in two bytes
  long_varint.insert(long_varint.begin() + 2, 0x00);
  rows.push_back(Row("an unknown field", Joined(good, unknown)));
  rows.push_back(Row("a field twice", Joined(good, twice)));
  rows.push_back(Row("the last field again, at its default", Joined(good, empty_field)));
  rows.push_back(Row("a varint in two bytes", long_varint));
  rows.push_back(Row("version at the end", Joined(ByteView(good).subspan(2), ByteView(good).first(2))));
  rows.push_back(Row("cut short", ToBytes(ByteView(good).first(good.size() - 1))));
  rows.push_back(Row("no bytes", {}));
  return {{"tenant", Example::kTenant},
          {"account", Example::kAccount},
          {"record", Example::kRecord},
          {"version", Example::kVersion},
          {"configs", std::move(rows)}};
}

}  // namespace labrec::conformance

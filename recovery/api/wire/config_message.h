#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hsm/base/bytes.h"
#include "recovery/api/wire/codec.h"

namespace labrec::recovery::wire {

// What every realm of a record stores alike: record_config.h has its rules. Messages and fields have the
// names that recovery.proto gives them, and recovery.proto says what each field is.

enum class Enforcement : int32_t { kUnspecified = 0, kLedger = 1, kChip = 2, kMixed = 3 };

struct ChipShare {
  uint32_t index = 0;
  Bytes ak_name;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.index);
    at(2, m.ak_name);
  }
  bool operator==(const ChipShare&) const = default;
};

struct RealmShare {
  Bytes realm_id;
  uint32_t x = 0;
  Bytes masked_share;
  std::optional<ChipShare> chip;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.realm_id);
    at(2, m.x);
    at(3, m.masked_share);
    at(4, m.chip);
  }
  bool operator==(const RealmShare&) const = default;
};

struct RecordConfig {
  uint32_t version = 0;
  std::string tenant;
  std::string account;
  std::string record;
  uint32_t threshold = 0;
  std::vector<RealmShare> realms;
  Bytes salt;
  uint32_t argon_memory_kib = 0;
  uint32_t argon_passes = 0;
  uint32_t argon_lanes = 0;
  uint32_t guess_limit = 0;
  Enforcement enforcement = Enforcement::kUnspecified;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.version);
    at(2, m.tenant);
    at(3, m.account);
    at(4, m.record);
    at(5, m.threshold);
    at(6, m.realms);
    at(7, m.salt);
    at(8, m.argon_memory_kib);
    at(9, m.argon_passes);
    at(10, m.argon_lanes);
    at(11, m.guess_limit);
    at(12, m.enforcement);
  }
  bool operator==(const RecordConfig&) const = default;
};

}  // namespace labrec::recovery::wire

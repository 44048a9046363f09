#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "hsm/base/bytes.h"
#include "recovery/api/wire/codec.h"
#include "recovery/api/wire/floor_messages.h"

namespace labrec::recovery::wire {

// What is known of a record, and how a PIN is tried at it. Messages of recovery.proto under the names that
// they have there, where what each field is stands too.

enum class RecordState : int32_t {
  kUnspecified = 0,
  kUsable = 1,
  kLocked = 2,  // for a while; see locked_until_ms
  kDestroyed = 3,
  kNotRegistered = 4,
};

enum class VersionStage : int32_t { kUnspecified = 0, kPending = 1, kActive = 2 };

struct GetRecordRequest {
  std::string record;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.record);
  }
  bool operator==(const GetRecordRequest&) const = default;
};

struct RecordVersion {
  uint32_t version = 0;
  VersionStage stage = VersionStage::kUnspecified;
  Bytes config;
  Bytes commitment;
  std::optional<uint32_t> remaining;
  int64_t locked_until_ms = 0;
  Bytes registered_by;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.version);
    at(2, m.stage);
    at(3, m.config);
    at(4, m.commitment);
    at(5, m.remaining);
    at(6, m.locked_until_ms);
    at(7, m.registered_by);
  }
  bool operator==(const RecordVersion&) const = default;
};

struct GetRecordResponse {
  RecordState state = RecordState::kUnspecified;
  std::vector<RecordVersion> versions;
  uint32_t guess_limit = 0;
  uint32_t remaining = 0;
  int64_t locked_until_ms = 0;
  uint32_t highest_version = 0;
  uint64_t discontinuities = 0;
  bool discarded = false;
  Bytes next_challenge;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.state);
    at(2, m.versions);
    at(3, m.guess_limit);
    at(4, m.remaining);
    at(5, m.locked_until_ms);
    at(6, m.highest_version);
    at(7, m.discontinuities);
    at(8, m.discarded);
    at(9, m.next_challenge);
  }
  bool operator==(const GetRecordResponse&) const = default;
};

struct EvaluateRequest {
  std::string record;
  uint32_t version = 0;
  std::vector<Bytes> elements;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.record);
    at(2, m.version);
    at(3, m.elements);
  }
  bool operator==(const EvaluateRequest&) const = default;
};

struct Evaluated {
  std::vector<Bytes> evaluated;
  uint32_t remaining = 0;
  Bytes challenge;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.evaluated);
    at(2, m.remaining);
    at(3, m.challenge);
  }
  bool operator==(const Evaluated&) const = default;
};

struct LockedUntil {
  int64_t until_ms = 0;
  uint32_t remaining = 0;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.until_ms);
    at(2, m.remaining);
  }
  bool operator==(const LockedUntil&) const = default;
};

struct Destroyed {
  template <typename Self, typename Visitor>
  static void Fields(Self&, Visitor&&) {}
  bool operator==(const Destroyed&) const = default;
};

struct NotRegistered {
  template <typename Self, typename Visitor>
  static void Fields(Self&, Visitor&&) {}
  bool operator==(const NotRegistered&) const = default;
};

struct EvaluateResponse {
  std::variant<std::monostate, Evaluated, LockedUntil, Destroyed, NotRegistered> outcome;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(OneOf<1, 2, 3, 4>(), m.outcome);
  }
  bool operator==(const EvaluateResponse&) const = default;
};

struct BeginUnlockRequest {
  std::string record;
  uint32_t version = 0;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.record);
    at(2, m.version);
  }
  bool operator==(const BeginUnlockRequest&) const = default;
};

struct BeginUnlockResponse {
  Bytes challenge;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.challenge);
  }
  bool operator==(const BeginUnlockResponse&) const = default;
};

struct UnlockRequest {
  std::string record;
  uint32_t version = 0;
  Bytes challenge;
  Bytes signature;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.record);
    at(2, m.version);
    at(3, m.challenge);
    at(4, m.signature);
  }
  bool operator==(const UnlockRequest&) const = default;
};

struct Unlocked {
  Bytes sealed_secret;
  std::optional<Floor> floor;
  uint32_t remaining = 0;
  Bytes next_challenge;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.sealed_secret);
    at(2, m.floor);
    at(3, m.remaining);
    at(4, m.next_challenge);
  }
  bool operator==(const Unlocked&) const = default;
};

struct UnlockResponse {
  std::variant<std::monostate, Unlocked, Destroyed, NotRegistered> outcome;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(OneOf<1, 2, 3>(), m.outcome);
  }
  bool operator==(const UnlockResponse&) const = default;
};

}  // namespace labrec::recovery::wire

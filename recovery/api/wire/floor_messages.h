#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "hsm/base/bytes.h"
#include "recovery/api/wire/account_messages.h"
#include "recovery/api/wire/codec.h"

namespace labrec::recovery::wire {

// The epoch floor. Messages of recovery.proto under the names that they have there, where what each field is
// stands too.

struct RaiseFloorRequest {
  std::string record;
  uint64_t sequence = 0;
  Bytes digest;
  std::optional<Signature> authorization;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.record);
    at(2, m.sequence);
    at(3, m.digest);
    at(4, m.authorization);
  }
  bool operator==(const RaiseFloorRequest&) const = default;
};

struct RaiseFloorResponse {
  template <typename Self, typename Visitor>
  static void Fields(Self&, Visitor&&) {}
  bool operator==(const RaiseFloorResponse&) const = default;
};

struct GetFloorRequest {
  std::string record;
  std::optional<Signature> authorization;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.record);
    at(2, m.authorization);
  }
  bool operator==(const GetFloorRequest&) const = default;
};

struct Floor {
  uint64_t sequence = 0;
  Bytes digest;
  Bytes device_id;
  Bytes device_public_key;
  Bytes challenge;
  Bytes signature;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.sequence);
    at(2, m.digest);
    at(3, m.device_id);
    at(4, m.device_public_key);
    at(5, m.challenge);
    at(6, m.signature);
  }
  bool operator==(const Floor&) const = default;
};

struct GetFloorResponse {
  std::optional<Floor> floor;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.floor);
  }
  bool operator==(const GetFloorResponse&) const = default;
};

}  // namespace labrec::recovery::wire

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "hsm/base/bytes.h"
#include "recovery/api/wire/codec.h"

namespace labrec::recovery::wire {

// Signed requests, and the devices that sign them. Messages of recovery.proto under the names that they have
// there, where what each field is stands too.

struct GetChallengeRequest {
  template <typename Self, typename Visitor>
  static void Fields(Self&, Visitor&&) {}
  bool operator==(const GetChallengeRequest&) const = default;
};

struct GetChallengeResponse {
  Bytes challenge;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.challenge);
  }
  bool operator==(const GetChallengeResponse&) const = default;
};

struct UnlockKey {
  std::string record;
  uint32_t version = 0;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.record);
    at(2, m.version);
  }
  bool operator==(const UnlockKey&) const = default;
};

struct Signature {
  Bytes challenge;
  std::variant<std::monostate, Bytes, UnlockKey> signer;
  Bytes signature;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.challenge);
    at(OneOf<2, 3>(), m.signer);
    at(4, m.signature);
  }
  bool operator==(const Signature&) const = default;
};

struct EnrollDeviceRequest {
  Bytes public_key;
  std::string name;
  Bytes challenge;
  Bytes proof;
  std::optional<Signature> authorization;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.public_key);
    at(2, m.name);
    at(3, m.challenge);
    at(4, m.proof);
    at(5, m.authorization);
  }
  bool operator==(const EnrollDeviceRequest&) const = default;
};

struct EnrollDeviceResponse {
  Bytes device_id;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.device_id);
  }
  bool operator==(const EnrollDeviceResponse&) const = default;
};

struct RevokeDeviceRequest {
  Bytes device_id;
  std::optional<Signature> authorization;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.device_id);
    at(2, m.authorization);
  }
  bool operator==(const RevokeDeviceRequest&) const = default;
};

struct RevokeDeviceResponse {
  template <typename Self, typename Visitor>
  static void Fields(Self&, Visitor&&) {}
  bool operator==(const RevokeDeviceResponse&) const = default;
};

struct ListDevicesRequest {
  template <typename Self, typename Visitor>
  static void Fields(Self&, Visitor&&) {}
  bool operator==(const ListDevicesRequest&) const = default;
};

struct DeviceInfo {
  Bytes device_id;
  Bytes public_key;
  std::string name;
  int64_t enrolled_at_ms = 0;
  std::string enrolled_by;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.device_id);
    at(2, m.public_key);
    at(3, m.name);
    at(4, m.enrolled_at_ms);
    at(5, m.enrolled_by);
  }
  bool operator==(const DeviceInfo&) const = default;
};

struct ListDevicesResponse {
  std::vector<DeviceInfo> devices;
  std::vector<std::string> records;
  bool discarded = false;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.devices);
    at(2, m.records);
    at(3, m.discarded);
  }
  bool operator==(const ListDevicesResponse&) const = default;
};

}  // namespace labrec::recovery::wire

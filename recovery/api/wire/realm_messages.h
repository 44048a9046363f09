#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hsm/base/bytes.h"
#include "recovery/api/wire/codec.h"

namespace labrec::recovery::wire {

// Who a realm is, and what proves it. Messages of recovery.proto under the names that they have there, where
// what each field is stands too.

struct GetRealmRequest {
  template <typename Self, typename Visitor>
  static void Fields(Self&, Visitor&&) {}
  bool operator==(const GetRealmRequest&) const = default;
};

struct ChipRoom {
  uint32_t used = 0;
  uint32_t free_handles = 0;
  bool full = false;
  uint32_t begun = 0;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.used);
    at(2, m.free_handles);
    at(3, m.full);
    at(4, m.begun);
  }
  bool operator==(const ChipRoom&) const = default;
};

struct GetRealmResponse {
  Bytes realm_id;
  std::string name;
  uint32_t protocol_version = 0;
  std::string device_kind;
  std::string device_manufacturer;
  std::string device_warning;
  std::string anchor_kind;
  Bytes evaluation_public_key;
  uint64_t discontinuities = 0;
  std::string first_device_policy;
  std::string software_version;
  std::optional<ChipRoom> chip;
  std::string no_chip_reason;
  std::vector<std::string> device_claims;
  std::vector<uint32_t> guess_delays_s;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.realm_id);
    at(2, m.name);
    at(3, m.protocol_version);
    at(4, m.device_kind);
    at(5, m.device_manufacturer);
    at(6, m.device_warning);
    at(7, m.anchor_kind);
    at(8, m.evaluation_public_key);
    at(9, m.discontinuities);
    at(10, m.first_device_policy);
    at(11, m.software_version);
    at(12, m.chip);
    at(13, m.no_chip_reason);
    at(14, m.device_claims);
    at(15, m.guess_delays_s);
  }
  bool operator==(const GetRealmResponse&) const = default;
};

struct GetIdentityRequest {
  template <typename Self, typename Visitor>
  static void Fields(Self&, Visitor&&) {}
  bool operator==(const GetIdentityRequest&) const = default;
};

struct GetIdentityResponse {
  Bytes identity;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.identity);
  }
  bool operator==(const GetIdentityResponse&) const = default;
};

struct ActivateCredentialRequest {
  Bytes credential;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.credential);
  }
  bool operator==(const ActivateCredentialRequest&) const = default;
};

struct ActivateCredentialResponse {
  Bytes activated;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.activated);
  }
  bool operator==(const ActivateCredentialResponse&) const = default;
};

struct AttestRequest {
  Bytes credential;
  Bytes nonce;
  Bytes tls_key_hash;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.credential);
    at(2, m.nonce);
    at(3, m.tls_key_hash);
  }
  bool operator==(const AttestRequest&) const = default;
};

struct AttestResponse {
  Bytes evidence;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.evidence);
  }
  bool operator==(const AttestResponse&) const = default;
};

}  // namespace labrec::recovery::wire

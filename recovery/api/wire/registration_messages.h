#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hsm/base/bytes.h"
#include "recovery/api/wire/account_messages.h"
#include "recovery/api/wire/codec.h"

namespace labrec::recovery::wire {

// How a version of a record comes to be, and goes. Messages of recovery.proto under the names that they have
// there, where what each field is stands too.

struct BeginChip {
  Bytes unlock_public_key;
  uint32_t guess_limit = 0;
  Bytes nonce;
  std::optional<Signature> authorization;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.unlock_public_key);
    at(2, m.guess_limit);
    at(3, m.nonce);
    at(4, m.authorization);
  }
  bool operator==(const BeginChip&) const = default;
};

struct BeginRegistrationRequest {
  std::string record;
  uint32_t version = 0;
  std::vector<Bytes> elements;
  std::optional<BeginChip> chip;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.record);
    at(2, m.version);
    at(3, m.elements);
    at(4, m.chip);
  }
  bool operator==(const BeginRegistrationRequest&) const = default;
};

struct ChipBegun {
  Bytes evidence;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.evidence);
  }
  bool operator==(const ChipBegun&) const = default;
};

struct BeginRegistrationResponse {
  Bytes registration_id;
  std::vector<Bytes> evaluated;
  std::optional<ChipBegun> chip;
  Bytes next_challenge;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.registration_id);
    at(2, m.evaluated);
    at(3, m.chip);
    at(4, m.next_challenge);
  }
  bool operator==(const BeginRegistrationResponse&) const = default;
};

struct BeginChipWriteRequest {
  std::string record;
  uint32_t version = 0;
  Bytes nonce;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.record);
    at(2, m.version);
    at(3, m.nonce);
  }
  bool operator==(const BeginChipWriteRequest&) const = default;
};

struct BeginChipWriteResponse {
  uint64_t session = 0;
  Bytes nonce_tpm;
  Bytes contents;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.session);
    at(2, m.nonce_tpm);
    at(3, m.contents);
  }
  bool operator==(const BeginChipWriteResponse&) const = default;
};

struct FinishChipWriteRequest {
  std::string record;
  uint32_t version = 0;
  uint64_t session = 0;
  uint32_t limit = 0;
  Bytes signature;
  Bytes nonce;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.record);
    at(2, m.version);
    at(3, m.session);
    at(4, m.limit);
    at(5, m.signature);
    at(6, m.nonce);
  }
  bool operator==(const FinishChipWriteRequest&) const = default;
};

struct FinishChipWriteResponse {
  Bytes contents;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.contents);
  }
  bool operator==(const FinishChipWriteResponse&) const = default;
};

struct ConfirmKeyRequest {
  std::string record;
  uint32_t version = 0;
  Bytes registration_id;
  std::vector<Bytes> elements;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.record);
    at(2, m.version);
    at(3, m.registration_id);
    at(4, m.elements);
  }
  bool operator==(const ConfirmKeyRequest&) const = default;
};

struct ConfirmKeyResponse {
  std::vector<Bytes> evaluated;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.evaluated);
  }
  bool operator==(const ConfirmKeyResponse&) const = default;
};

struct FinishRegistrationRequest {
  std::string record;
  uint32_t version = 0;
  Bytes registration_id;
  Bytes config;
  Bytes commitment;
  Bytes unlock_public_key;
  Bytes sealed_secret;
  std::optional<Signature> authorization;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.record);
    at(2, m.version);
    at(3, m.registration_id);
    at(4, m.config);
    at(5, m.commitment);
    at(6, m.unlock_public_key);
    at(7, m.sealed_secret);
    at(8, m.authorization);
  }
  bool operator==(const FinishRegistrationRequest&) const = default;
};

struct FinishRegistrationResponse {
  Bytes next_challenge;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.next_challenge);
  }
  bool operator==(const FinishRegistrationResponse&) const = default;
};

struct ActivateRequest {
  std::string record;
  uint32_t version = 0;
  std::optional<Signature> authorization;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.record);
    at(2, m.version);
    at(3, m.authorization);
  }
  bool operator==(const ActivateRequest&) const = default;
};

struct ActivateResponse {
  template <typename Self, typename Visitor>
  static void Fields(Self&, Visitor&&) {}
  bool operator==(const ActivateResponse&) const = default;
};

struct DeleteRecordRequest {
  std::string record;
  std::optional<Signature> authorization;
  template <typename Self, typename Visitor>
  static void Fields(Self& m, Visitor&& at) {
    at(1, m.record);
    at(2, m.authorization);
  }
  bool operator==(const DeleteRecordRequest&) const = default;
};

struct DeleteRecordResponse {
  template <typename Self, typename Visitor>
  static void Fields(Self&, Visitor&&) {}
  bool operator==(const DeleteRecordResponse&) const = default;
};

}  // namespace labrec::recovery::wire

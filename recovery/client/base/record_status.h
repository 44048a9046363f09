#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "hsm/base/bytes.h"
#include "recovery/client/base/chip_trust.h"
#include "recovery/client/base/config_group.h"
#include "recovery/client/report/realm_report.h"

namespace labrec::recovery::client {

struct VersionStatus {
  uint32_t version = 0;
  OfferStage stage = OfferStage::kActive;
  std::optional<uint32_t> remaining = std::nullopt;  // tries left at this version
  Bytes registered_by = {};  // device id; empty: an unlock key, or the realm does not say; zeros: not known
};

// What one realm says of itself and of a record.
struct RealmStatus {
  RealmReport report;
  std::string device_kind;     // "tpm2", "pkcs11"
  std::string device_warning;  // e.g. that it is a simulator
  std::string software_version;
  uint64_t discontinuities = 0;  // how often an operator accepted restored storage
  uint32_t guess_limit = 0;
  std::vector<VersionStatus> versions;    // newest first
  std::optional<Enforcement> counted_by;  // kLedger or kChip, of the version that a recovery would use
  std::string no_chip_reason;             // why the realm's device cannot count, if it cannot
  // What the realm says of how long the next guess waits after the 1st, 2nd ... wrong one; beyond the list as
  // after its last. Empty: not at all. Absent: the realm did not answer.
  std::optional<std::vector<std::chrono::seconds>> guess_delays;
};

struct RecordStatus {
  std::vector<RealmStatus> realms;  // in share order
  std::optional<uint32_t> version;  // what a recovery would use
  absl::Status refused;             // why it would not use a newer one that enough realms offer
  uint32_t threshold = 0;           // of that version
  uint32_t holders = 0;             // of that version: the realms of its config
  uint32_t guess_limit = 0;         // of that version, at each realm
  uint32_t tries_left = 0;          // over all realms
};

}  // namespace labrec::recovery::client

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"

#include "recovery/client/base/outcome.h"
#include "recovery/client/base/pin_change.h"
#include "recovery/client/base/record_status.h"
#include "recovery/client/c/labyrinth_recovery.h"

namespace labrec::recovery::client::c {

// What an operation came to, whichever it was.
struct Outcome {
  lrc_outcome kind = LRC_OUTCOME_NONE;
  absl::Status status;  // where it failed
  std::shared_ptr<const Recovered> recovered;
  uint32_t version = 0;
  uint32_t threshold = 0;
  uint32_t holders = 0;
  uint32_t guess_limit = 0;
  uint32_t tries_left = 0;
  uint32_t active_version = 0;
  int64_t locked_until_ms = 0;
  bool complete = false;
  bool pin_is_known = false;
  std::vector<RealmReport> reports;                  // per realm of the list, or none
  std::vector<bool> by_chip;                         // the same
  std::vector<std::vector<VersionStatus>> versions;  // the same
  std::vector<RealmFloor> floors;

  // What the views show; filled by WriteTexts.
  std::string message;
  std::vector<std::string> messages;
  std::vector<Bytes> floor_devices;
};

Outcome OutcomeOf(absl::StatusOr<RecoverOutcome> result);
Outcome OutcomeOf(absl::StatusOr<PinChange> result);
Outcome OutcomeOf(absl::StatusOr<Sealed> result);
Outcome OutcomeOf(absl::StatusOr<RecordStatus> result);
Outcome OutcomeOf(absl::StatusOr<std::vector<RealmReport>> result);
Outcome OutcomeOf(absl::StatusOr<FloorReading> result);

// Once the rest stands.
void WriteTexts(Outcome& outcome);

}  // namespace labrec::recovery::client::c

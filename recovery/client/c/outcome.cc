#include "recovery/client/c/outcome.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace labrec::recovery::client::c {
namespace {

Outcome Failed(absl::Status status) {
  Outcome outcome;
  outcome.kind = LRC_OUTCOME_FAILED;
  outcome.status = std::move(status);
  return outcome;
}

Outcome Reported(lrc_outcome kind, std::vector<RealmReport> reports) {
  Outcome outcome;
  outcome.kind = kind;
  outcome.reports = std::move(reports);
  return outcome;
}

Outcome Of(Recovered recovered) {
  Outcome outcome = Reported(LRC_OUTCOME_RECOVERED, recovered.reports);
  const RecordConfig& config = recovered.group.config;
  outcome.version = config.version;
  outcome.threshold = config.threshold;
  outcome.holders = static_cast<uint32_t>(config.realms.size());
  outcome.guess_limit = config.guess_limit;
  outcome.floors = recovered.floors;
  outcome.recovered = std::make_shared<const Recovered>(std::move(recovered));
  return outcome;
}

Outcome Of(WrongPin wrong) {
  Outcome outcome = Reported(LRC_OUTCOME_WRONG_PIN, std::move(wrong.reports));
  outcome.tries_left = wrong.tries_left;
  outcome.active_version = wrong.active_version.value_or(0);
  return outcome;
}

Outcome Of(LockedUntil locked) {
  Outcome outcome = Reported(LRC_OUTCOME_LOCKED, std::move(locked.reports));
  outcome.locked_until_ms = locked.until_ms;
  return outcome;
}

Outcome Of(UsedUp used_up) {
  return Reported(LRC_OUTCOME_USED_UP, std::move(used_up.reports));
}
Outcome Of(Destroyed destroyed) {
  return Reported(LRC_OUTCOME_DESTROYED, std::move(destroyed.reports));
}
Outcome Of(NotRegistered none) {
  return Reported(LRC_OUTCOME_NOT_REGISTERED, std::move(none.reports));
}

Outcome Of(Sealed sealed) {
  Outcome outcome = Reported(LRC_OUTCOME_SEALED, std::move(sealed.reports));
  outcome.version = sealed.version;
  outcome.threshold = sealed.threshold;
  outcome.holders = static_cast<uint32_t>(sealed.holders);
  outcome.guess_limit = sealed.guess_limit;
  outcome.complete = sealed.complete;
  outcome.pin_is_known = sealed.pin == KnownPin::kSame;
  outcome.by_chip.resize(outcome.reports.size());
  for (size_t i = 0; i < outcome.reports.size(); ++i) {
    outcome.by_chip[i] = std::ranges::any_of(sealed.counting, [&](const RealmCounting& at) {
      return at.by_chip && at.realm == outcome.reports[i].realm;
    });
  }
  return outcome;
}

Outcome Of(RecordStatus status) {
  Outcome outcome;
  outcome.kind = LRC_OUTCOME_DONE;
  outcome.status = std::move(status.refused);
  outcome.version = status.version.value_or(0);
  outcome.threshold = status.threshold;
  outcome.holders = status.holders;
  outcome.guess_limit = status.guess_limit;
  outcome.tries_left = status.tries_left;
  for (RealmStatus& realm : status.realms) {
    outcome.by_chip.push_back(realm.counted_by == Enforcement::kChip);
    outcome.reports.push_back(std::move(realm.report));
    outcome.versions.push_back(std::move(realm.versions));
  }
  return outcome;
}

Outcome Of(std::vector<RealmReport> reports) {
  return Reported(LRC_OUTCOME_DONE, std::move(reports));
}

Outcome Of(FloorReading reading) {
  Outcome outcome = Reported(LRC_OUTCOME_DONE, std::move(reading.reports));
  outcome.floors = std::move(reading.floors);
  return outcome;
}

template <typename... Ts>
Outcome Of(std::variant<Ts...> outcome) {
  return std::visit([](auto& what) { return Of(std::move(what)); }, outcome);
}

template <typename T>
Outcome OfResult(absl::StatusOr<T> result) {
  return result.ok() ? Of(*std::move(result)) : Failed(std::move(result).status());
}

}  // namespace

Outcome OutcomeOf(absl::StatusOr<RecoverOutcome> result) {
  return OfResult(std::move(result));
}
Outcome OutcomeOf(absl::StatusOr<PinChange> result) {
  return OfResult(std::move(result));
}
Outcome OutcomeOf(absl::StatusOr<Sealed> result) {
  return OfResult(std::move(result));
}
Outcome OutcomeOf(absl::StatusOr<RecordStatus> result) {
  return OfResult(std::move(result));
}
Outcome OutcomeOf(absl::StatusOr<std::vector<RealmReport>> result) {
  return OfResult(std::move(result));
}
Outcome OutcomeOf(absl::StatusOr<FloorReading> result) {
  return OfResult(std::move(result));
}

void WriteTexts(Outcome& outcome) {
  outcome.message = std::string(outcome.status.message());
  for (const RealmReport& report : outcome.reports) {
    outcome.messages.emplace_back(report.error.message());
  }
  for (const RealmFloor& floor : outcome.floors) outcome.floor_devices.push_back(floor.device.Spki());
}

}  // namespace labrec::recovery::client::c

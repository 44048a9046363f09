#include "recovery/engine/engine.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include <spdlog/spdlog.h>

#include "hsm/base/status_macros.h"
#include "recovery/api/limits.h"
#include "recovery/engine/call/authorizer.h"
#include "recovery/engine/call/challenge_table.h"
#include "recovery/engine/call/field_checks.h"
#include "recovery/engine/call/registration_keys.h"
#include "recovery/engine/chip/beginner.h"
#include "recovery/engine/chip/evaluator.h"
#include "recovery/engine/chip/follower.h"
#include "recovery/engine/chip/open_registrations.h"
#include "recovery/engine/chip/sessions.h"
#include "recovery/engine/chip/start_up.h"
#include "recovery/engine/commit/admission.h"
#include "recovery/engine/commit/committer.h"
#include "recovery/engine/commit/follow_up.h"
#include "recovery/engine/rows/waiting_refills.h"
#include "recovery/engine/workshop.h"
#include "recovery/ledger/ledger.h"
#include "recovery/store/store.h"

namespace labrec::recovery {
namespace {

constexpr std::chrono::seconds kHangs{10};  // no call of a device that works takes so long

absl::Status CheckParts(const EngineOptions& options, hsm::Device& key_device, hsm::Device& anchor_device) {
  if (options.realm_id.size() != kRealmIdBytes) return absl::InvalidArgumentError("a realm id has 16 bytes");
  if (key_device.evaluation_key() == nullptr || key_device.derivation_key() == nullptr) {
    return absl::FailedPreconditionError(
        "the key device lacks the realm's keys: run labyrinth-admin realm init");
  }
  if (anchor_device.freshness_anchor() == nullptr) {
    return absl::FailedPreconditionError(
        "the anchor device lacks the realm's anchor: run labyrinth-admin realm init");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Ledger>> OpenLedger(Workshop& workshop, Store& store, const Bytes& realm_id) {
  Ledger::OpenReport report;
  LABREC_ASSIGN_OR_RETURN(auto ledger,
                          Ledger::Open(store, workshop.anchor, realm_id, &report, Ledger::Reads::kKept));
  spdlog::info("ledger open at epoch {}{}", report.epoch,
               report.rolled_forward ? ", after anchoring a batch that an earlier run had only written" : "");
  return ledger;
}

}  // namespace

// What stands on an open ledger, in the order in which it is made, and the commit thread.
class Engine::Parts {
 public:
  Parts(EngineOptions options_given, std::unique_ptr<Workshop> workshop_given, std::unique_ptr<Ledger> opened,
        Store& store_given, const Clock& clock, std::function<void(absl::Status)> on_fatal)
      : options(std::move(options_given)),
        workshop(std::move(workshop_given)),
        ledger(std::move(opened)),
        challenges(options.challenge_limit),
        authorizer(options.realm_id, *ledger, challenges),
        admission(workshop->queue, workshop->executor),
        open_registrations(options.chip_registrations),
        chip_evaluator({options.realm_id, workshop->chip, *ledger, workshop->queue}),
        chip_beginner({workshop->chip, workshop->queue, open_registrations}),
        chip_follower(workshop->chip, open_registrations),
        committer({*ledger, workshop->anchor, workshop->queue, workshop->keys, workshop->executor,
                   workshop->pace, chip_follower, challenges, refills, workshop->anchor_health, clock,
                   std::move(on_fatal)}),
        accounts({options.guess_policy, clock, store_given, *ledger, refills, admission, keys_of_begun}),
        devices({*ledger, authorizer, admission, options.first_device}),
        registrations({options.realm_id, *ledger, authorizer, admission, workshop->keys, keys_of_begun}),
        guessing({options.realm_id, options.guess_policy, *ledger, authorizer, admission, challenges,
                  chip_evaluator, workshop->keys}),
        records({options.guess_policy, clock, *ledger, refills, authorizer, admission, keys_of_begun}),
        chip_records({options.realm_id, *ledger, authorizer, admission, workshop->queue, workshop->chip,
                      chip_sessions, chip_beginner}),
        attestation(workshop->attestation, options.attestation_limits),
        store(&store_given),
        commit_thread([this] { committer.Run(); }) {}

  // First no more requests, then the last commit, then the device work that it allowed.
  ~Parts() {
    workshop->queue.Close();
    commit_thread.join();
    workshop->Finish();
  }

  const EngineOptions options;
  const std::unique_ptr<Workshop> workshop;
  const std::unique_ptr<Ledger> ledger;
  ChallengeTable challenges;
  WaitingRefills refills;
  Authorizer authorizer;
  Admission admission;
  OpenRegistrations open_registrations;
  RegistrationKeys keys_of_begun;
  ChipSessions chip_sessions;
  ChipEvaluator chip_evaluator;
  ChipBeginner chip_beginner;
  ChipFollower chip_follower;
  Committer committer;
  Accounts accounts;
  Devices devices;
  Registrations registrations;
  Guessing guessing;
  Records records;
  ChipRecords chip_records;
  Attestation attestation;
  const std::shared_ptr<std::atomic<bool>> probing = std::make_shared<std::atomic<bool>>(false);
  const Store* const store;
  std::thread commit_thread;
};

absl::StatusOr<std::unique_ptr<Engine>> Engine::Start(EngineOptions options, Store& store,
                                                      hsm::Device& key_device, hsm::Device& anchor_device,
                                                      const Clock& clock,
                                                      std::function<void(absl::Status)> on_fatal) {
  LABREC_RETURN_IF_ERROR(CheckParts(options, key_device, anchor_device));
  auto workshop = std::make_unique<Workshop>(options, key_device, anchor_device);
  LABREC_RETURN_IF_ERROR(workshop->SeedFromDevice());
  LABREC_ASSIGN_OR_RETURN(auto ledger, OpenLedger(*workshop, store, options.realm_id));
  LABREC_ASSIGN_OR_RETURN(const ChipFindings findings, TidyChip(workshop->chip, store, options.realm_id));
  RequestQueue& queue = workshop->queue;
  auto parts = std::make_unique<Parts>(std::move(options), std::move(workshop), std::move(ledger), store,
                                       clock, std::move(on_fatal));
  TakeOver(findings, queue);
  return std::unique_ptr<Engine>(new Engine(std::move(parts)));
}

Engine::Engine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Engine::~Engine() = default;

absl::StatusOr<Challenge> Engine::NewChallenge(const Caller& caller) {
  LABREC_RETURN_IF_ERROR(CheckCaller(caller));
  return parts_->challenges.Issue({caller.tenant, caller.account}, std::chrono::steady_clock::now());
}

Accounts& Engine::accounts() {
  return parts_->accounts;
}
Devices& Engine::devices() {
  return parts_->devices;
}
Registrations& Engine::registrations() {
  return parts_->registrations;
}
Guessing& Engine::guessing() {
  return parts_->guessing;
}
Records& Engine::records() {
  return parts_->records;
}
ChipRecords& Engine::chip_records() {
  return parts_->chip_records;
}
Attestation& Engine::attestation() {
  return parts_->attestation;
}

// A request of the realm's own that changes nothing: it makes the commit thread look at the claim.
void Engine::ProbeWhenIdle(std::chrono::milliseconds idle) {
  Workshop& workshop = *parts_->workshop;
  if (workshop.executor.idle() < idle || workshop.queue.depth() > 0) return;
  if (parts_->probing->exchange(true)) return;
  const auto done = [probing = parts_->probing](const absl::Status&) { *probing = false; };
  const auto look = [&workshop, done](WorkingSet&) -> absl::StatusOr<TurnTask::Start> {
    return TurnTask::Start([&workshop, done] {
      workshop.keys.Derive(ToBytes("probe"),
                           [done](const absl::StatusOr<SecretBytes>& d) { done(d.status()); });
    });
  };
  absl::StatusOr<RequestQueue::Place> place = workshop.queue.Admit();
  if (!place.ok()) return done(place.status());
  workshop.queue.Push(*std::move(place), std::make_shared<TurnTask>(TurnTask::Time::max(), look, done));
}

void Engine::AnchorNow(std::function<void(const absl::Status&)> done) {
  const auto demand = [](WorkingSet& rows) {
    rows.DemandAnchor();
    return absl::OkStatus();
  };
  FollowUp(parts_->workshop->queue, demand, std::move(done));
}

EngineStatus Engine::status() const {
  const Workshop& workshop = *parts_->workshop;
  CommitFigures figures = parts_->committer.figures();
  EngineStatus status;
  status.oldest_device_call = std::chrono::duration_cast<std::chrono::milliseconds>(workshop.OldestCall());
  status.not_serving_reason = std::move(figures.not_serving_reason);
  if (status.not_serving_reason.empty() && (workshop.key_health.away() || workshop.anchor_health.away())) {
    status.not_serving_reason = "a security device is away";
  }
  if (status.not_serving_reason.empty() && status.oldest_device_call > kHangs) {
    status.not_serving_reason = "a security device does not answer: a call of it has taken over ten seconds";
  }
  if (const std::string waits = parts_->store->waits_for();
      status.not_serving_reason.empty() && !waits.empty()) {
    status.not_serving_reason = "storage waits for " + waits;
  }
  status.serving = status.not_serving_reason.empty();
  status.epoch = figures.epoch;
  status.records = figures.rows;
  status.discontinuities = parts_->ledger->discontinuities();
  status.queue_depth = workshop.queue.depth();
  status.guesses_counted = parts_->guessing.counted();
  status.batches = figures.batches;
  status.device = workshop.key_device.description();
  status.anchor = std::move(figures.wear);
  const absl::Status chip = workshop.chip.Available();
  if (chip.ok()) status.chip = workshop.chip.room();
  status.chip_registrations = parts_->open_registrations.count();
  status.no_chip_reason = std::string(chip.message());
  return status;
}

}  // namespace labrec::recovery

#include "recovery/engine/engine_impl.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "hsm/base/status_macros.h"
#include "pin/record_keys.h"
#include "recovery/api/limits.h"
#include "recovery/engine/call/field_checks.h"
#include "recovery/engine/call/refusal.h"
#include "recovery/engine/chip/start_up.h"
#include "recovery/engine/device/seed.h"

namespace labrec::recovery {
namespace {

constexpr std::chrono::milliseconds kLeastPause{200};  // of a client that the queue refused

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

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> Engine::Start(EngineOptions options, Store& store,
                                                      hsm::Device& key_device, hsm::Device& anchor_device,
                                                      const Clock& clock,
                                                      std::function<void(absl::Status)> on_fatal) {
  LABREC_RETURN_IF_ERROR(CheckParts(options, key_device, anchor_device));
  auto engine = std::make_unique<EngineImpl>(std::move(options), key_device, clock);
  LABREC_RETURN_IF_ERROR(engine->Open(store, anchor_device, std::move(on_fatal)));
  return engine;
}

EngineImpl::EngineImpl(EngineOptions options, hsm::Device& key_device, const Clock& clock)
    : options_(std::move(options)),
      key_device_(key_device),
      clock_(clock),
      challenges_(options_.challenge_limit),
      queue_({options_.queue_limit, options_.account_queue_limit, options_.batch_limit},
             [this] { return executor_->BacklogTime() - CommitLead(); }),
      key_health_("key device", [this] { queue_.Interrupt(); }),
      anchor_health_("anchor device", [] {}),
      registrations_(options_.chip_registrations),
      attestation_limiter_(options_.attestation_limits) {
  executor_.emplace(key_device.parallelism(), [this](DeviceExecutor::Duration backlog) {
    if (committing_ && backlog <= CommitLead()) queue_.Wake();
  });
  host_.emplace(key_device.parallelism() == 1 ? HostWork::Place::kOwnThread
                                              : HostWork::Place::kCallersThread);
  keys_.emplace(key_device, *executor_, *host_, key_health_);
  chip_.emplace(key_device, *executor_, key_health_);
  attestation_.emplace(key_device, *executor_, key_health_, options_.attestation);
}

absl::Status EngineImpl::Open(Store& store, hsm::Device& anchor_device,
                              std::function<void(absl::Status)> on_fatal) {
  if (hsm::Random* random = key_device_.random(); random != nullptr) {
    absl::Status seeded;
    executor_->Run(
        JobKind::kDerivation, [&] { seeded = SeedFromDevice(*random); }, DeviceExecutor::Place::kBack);
    LABREC_RETURN_IF_ERROR(seeded);
  }
  hsm::FreshnessAnchor* anchor = anchor_device.freshness_anchor();
  const bool one_thread = &anchor_device == &key_device_ && key_device_.parallelism() == 1;
  if (one_thread) anchor = &executor_anchor_.emplace(*anchor, *executor_);
  Ledger::OpenReport report;
  LABREC_ASSIGN_OR_RETURN(ledger_, Ledger::Open(store, *anchor, options_.realm_id, &report));
  spdlog::info("ledger open at epoch {}{}", report.epoch,
               report.rolled_forward ? ", after anchoring a batch that an earlier run had only written" : "");
  authorizer_.emplace(options_.realm_id, *ledger_, challenges_);
  chip_evaluator_.emplace(ChipEvaluator::Parts{options_.realm_id, *chip_, *ledger_, queue_});
  chip_beginner_.emplace(ChipBeginner::Parts{*chip_, queue_, registrations_});
  LABREC_ASSIGN_OR_RETURN(const ChipFindings findings, TidyChip(*chip_, store, options_.realm_id));
  committer_.emplace(Committer::Parts{
      *ledger_, *anchor, queue_, *keys_, chip_follower_.emplace(*chip_, registrations_), anchor_health_,
      clock_, one_thread ? AnchorPlace::kAmongKeys : AnchorPlace::kBesideKeys, std::move(on_fatal)});
  committing_ = true;
  commit_thread_ = std::thread([this] { committer_->Run(); });
  TakeOver(findings, queue_);
  return absl::OkStatus();
}

// First no more requests, then the last commit, then the evaluations it allowed, whose steps go to and fro
// between device and host.
EngineImpl::~EngineImpl() {
  queue_.Close();
  if (commit_thread_.joinable()) commit_thread_.join();
  keys_.reset();
  executor_.reset();
  host_.reset();
}

// As long as a commit takes, so that the device has the next batch when it is done with the last. But where
// the device's work is done by this host's processors, a commit beside it only takes its time from it, and
// waiting for a larger batch is free: that part of the lead is dropped.
DeviceExecutor::Duration EngineImpl::CommitLead() const {
  const DeviceExecutor::Duration whole = committer_->CommitTime();
  if (executor_anchor_) return whole;
  return std::chrono::duration_cast<DeviceExecutor::Duration>(whole * executor_->WaitingShare());
}

absl::StatusOr<RequestQueue::Place> EngineImpl::Admit(const Caller& caller) {
  LABREC_RETURN_IF_ERROR(CheckWaits(caller));
  absl::StatusOr<RequestQueue::Place> place = queue_.Admit(caller);
  if (!absl::IsResourceExhausted(place.status())) return place;
  const auto busy = std::chrono::duration_cast<std::chrono::milliseconds>(executor_->BacklogTime());
  return WithRetryAfter(place.status(), std::max(kLeastPause, busy));
}

void EngineImpl::Enqueue(const Caller& caller, std::shared_ptr<Task> task) {
  absl::StatusOr<RequestQueue::Place> place = Admit(caller);
  if (!place.ok()) return task->Fail(place.status());
  queue_.Push(*std::move(place), std::move(task));
}

Bytes EngineImpl::DerivationInput(const RecordName& name, const RecordVersion& version) const {
  return pin::RecordDerivationInput(options_.realm_id, name.tenant, name.account, name.record, version.number,
                                    version.nonce);
}

absl::StatusOr<Challenge> EngineImpl::NewChallenge(const Caller& caller) {
  LABREC_RETURN_IF_ERROR(CheckCaller(caller));
  return challenges_.Issue({caller.tenant, caller.account}, std::chrono::steady_clock::now());
}

EngineStatus EngineImpl::status() const {
  CommitFigures figures = committer_->figures();
  EngineStatus status;
  status.not_serving_reason = std::move(figures.not_serving_reason);
  if (status.not_serving_reason.empty() && (key_health_.away() || anchor_health_.away())) {
    status.not_serving_reason = "a security device is away";
  }
  status.serving = status.not_serving_reason.empty();
  status.epoch = figures.epoch;
  status.records = figures.rows;
  status.discontinuities = ledger_->discontinuities();
  status.queue_depth = queue_.depth();
  status.guesses_counted = guesses_counted_;
  status.batches = figures.batches;
  status.device = key_device_.description();
  status.anchor = std::move(figures.wear);
  const absl::Status chip = chip_->Available();
  if (chip.ok()) status.chip = chip_->room();
  status.chip_registrations = registrations_.count();
  status.no_chip_reason = std::string(chip.message());
  return status;
}

}  // namespace labrec::recovery

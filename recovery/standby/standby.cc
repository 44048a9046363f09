#include "recovery/standby/standby.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"

namespace labrec::recovery {
namespace {

constexpr char kNotYet[] = "it has not looked at the ledger yet";
constexpr std::string_view kRatchet = "pkcs11-key-ratchet";
// Who lives says a word a second (PostgresOptions::sign_every). One that is late is no silence yet.
constexpr std::chrono::milliseconds kSilence{2000};
constexpr char kByItself[] = "standby (automatic)";

std::chrono::milliseconds Since(std::chrono::steady_clock::time_point then) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - then);
}

}  // namespace

absl::Status CheckMayTakeOverByItself(const hsm::FreshnessAnchor& anchor) {
  const std::string kind = anchor.wear().kind;
  if (std::string_view(kind) == kRatchet) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "[standby] automatic: the realm's anchor is a ", kind,
      ". A host that was held up could count on it after the takeover, past every state that exists: take "
      "over by 'labyrinth-admin standby takeover' once the other host is off for certain"));
}

Standby::Standby(const RealmFolder& folder, hsm::FreshnessAnchor& anchor, Bytes realm_id,
                 StandbyOptions options, AuditLog& audit)
    : folder_(folder),
      options_(std::move(options)),
      audit_(audit),
      ledger_(anchor, std::move(realm_id)),
      looked_at_(Clock::now()) {
  figures_.refusal = kNotYet;
  figures_.automatic = options_.automatic;
  thread_ = std::thread([this] { Run(); });
}

Standby::~Standby() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  thread_.join();
  if (request_) request_->done(absl::UnavailableError("this standby ends"));
}

StandbyFigures Standby::figures() const {
  const std::lock_guard lock(mutex_);
  StandbyFigures figures = figures_;
  figures.looked_ago = Since(looked_at_);
  return figures;
}

void Standby::TakeOver(Holder holder, std::string actor, std::function<void(absl::Status)> done) {
  {
    const std::lock_guard lock(mutex_);
    if (!request_ && !over_ && !ends_) {
      request_ = Request{holder, std::move(actor), std::move(done)};
      changed_.notify_all();
      return;
    }
  }
  done(absl::UnavailableError("a takeover is under way already, or this host stops: ask for its status"));
}

std::optional<PlacedStore> Standby::AwaitStore(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [this] { return taken_.has_value(); });
  return std::exchange(taken_, std::nullopt);
}

void Standby::Run() {
  std::unique_lock lock(mutex_);
  while (!ends_ && !over_) {
    lock.unlock();
    Look();
    if (std::optional<Request> request = NextRequest()) {
      const absl::Status taken = TryTakeOver(*request);
      if (!taken.ok()) spdlog::error("not taken over: {}", std::string(taken.message()));
      if (request->done) request->done(taken);
    }
    lock.lock();
    changed_.wait_for(lock, NextLookIn(), [this] { return ends_ || over_ || request_.has_value(); });
  }
}

// A takeover that falls due earlier is not kept waiting for the next look.
std::chrono::milliseconds Standby::NextLookIn() const {
  if (!options_.automatic || !figures_.refusal.empty() || !figures_.holder.empty()) {
    return options_.look_every;
  }
  return std::clamp(options_.after - figures_.unserved_for, std::chrono::milliseconds(0),
                    options_.look_every);
}

std::optional<Standby::Request> Standby::NextRequest() {
  {
    const std::lock_guard lock(mutex_);
    if (request_) return std::exchange(request_, std::nullopt);
  }
  return DueByItself();
}

// A process that is silent has its session ended. One whose batch waits for a replica of the server's is not
// silent, and this host would wait as well.
std::optional<Standby::Request> Standby::DueByItself() {
  const StandbyFigures seen = figures();
  const auto after = seen.holder.empty() ? options_.after : std::max(options_.after, kSilence);
  if (!options_.automatic || !seen.refusal.empty() || seen.unserved_for < after) return std::nullopt;
  return Request{seen.holder.empty() ? Holder::kRespect : Holder::kEnd, kByItself, nullptr};
}

void Standby::Look() {
  StandbyFigures seen;
  {
    const std::lock_guard lock(mutex_);
    seen = figures_;
  }
  const absl::Status looked = LookAtStorage(seen);
  if (!looked.ok()) storage_.reset();  // the next look finds the server that writes now
  seen.refusal = std::string(looked.message());
  if (seen.refusal != said_) {
    if (seen.refusal.empty()) spdlog::info("standby: could take over at epoch {}", seen.epoch);
    if (!seen.refusal.empty()) spdlog::warn("standby: could not take over: {}", seen.refusal);
    said_ = seen.refusal;
  }
  const std::lock_guard lock(mutex_);
  figures_ = std::move(seen);
  looked_at_ = Clock::now();
}

absl::Status Standby::LookAtStorage(StandbyFigures& seen) {
  seen.unserved_for = std::chrono::milliseconds(0);
  if (!storage_) {
    nobody_since_.reset();  // what was is another server's word
    LABREC_ASSIGN_OR_RETURN(storage_, OpenFollowerAt(options_.store));
  }
  LABREC_ASSIGN_OR_RETURN(const auto holder, storage_->FindHolder());
  seen.holder = holder ? holder->name : "";
  if (holder) {
    nobody_since_.reset();
    seen.unserved_for = holder->silent_for;
  } else {
    if (!nobody_since_) nobody_since_ = Clock::now();
    seen.unserved_for = Since(*nobody_since_);
  }
  return Judge(seen);
}

absl::Status Standby::Judge(StandbyFigures& seen) {
  const bool whole = !whole_at_ || Since(*whole_at_) >= options_.whole_every;
  const auto depth = whole ? LedgerFollower::Depth::kTree : LedgerFollower::Depth::kHead;
  LABREC_ASSIGN_OR_RETURN(const HeadRow head, ledger_.Look(*storage_, depth));
  if (whole) whole_at_ = Clock::now();
  seen.epoch = head.epoch;
  seen.records = head.records;
  seen.discontinuities = head.discontinuities;
  return absl::OkStatus();
}

// The whole state is judged before anybody's session is ended, and again by the start that follows: a copy
// that the device does not take ends nobody.
absl::Status Standby::TryTakeOver(const Request& request) {
  const StandbyFigures seen = figures();
  if (!seen.refusal.empty()) return absl::FailedPreconditionError(seen.refusal);
  LABREC_RETURN_IF_ERROR(ledger_.Look(*storage_, LedgerFollower::Depth::kTree).status());
  AuditEvent event{"standby_takeover", request.actor, "", "", "", ""};
  event.detail = absl::StrCat("epoch ", seen.epoch, seen.holder.empty() ? "" : ", from ", seen.holder);
  if (event.detail != recorded_) LABREC_RETURN_IF_ERROR(audit_.Append(event, Durability::kSync));
  recorded_ = event.detail;
  LABREC_ASSIGN_OR_RETURN(PlacedStore placed, OpenStoreAt(folder_, options_.store,
                                                          request.holder == Holder::kEnd ? StoreUse::kTakeOver
                                                                                         : StoreUse::kWork));
  spdlog::warn("{} takes over at epoch {}{}{}", request.actor, seen.epoch,
               seen.holder.empty() ? "" : ", from ", seen.holder);
  const std::lock_guard lock(mutex_);
  taken_ = std::move(placed);
  over_ = true;
  changed_.notify_all();
  return absl::OkStatus();
}

}  // namespace labrec::recovery

#include "recovery/server/admin/key_rotator.h"

#include <cstdlib>
#include <utility>

#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"

namespace labrec::recovery {
namespace {

constexpr char kEvent[] = "period_key_rotate";

bool EndsTheProcess(const absl::Status& status) {
  return absl::IsInternal(status);
}

std::string Text(const absl::Status& status) {
  return std::string(status.message());
}

}  // namespace

KeyRotator::KeyRotator(Parts parts, Schedule schedule)
    : parts_(std::move(parts)), schedule_(schedule), thread_([this] { Run(); }) {}

KeyRotator::~KeyRotator() {
  Stop();
}

void KeyRotator::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void KeyRotator::Rotate(EarlierKey earlier, const std::string& actor,
                        std::function<void(const absl::Status&)> done) {
  std::unique_lock lock(mutex_);
  if (busy_ || request_ || stopping_) {
    lock.unlock();
    return done(absl::ResourceExhaustedError(
        "a rotation is under way, as \"labyrinth-admin status\" shows: wait until it is done"));
  }
  request_ = Request{earlier, actor, std::move(done)};
  lock.unlock();
  changed_.notify_all();
}

// A clock that was far ahead when the key was made keeps no key for ever.
bool KeyRotator::IsDue() const {
  const auto current = parts_.store.ring().current();
  if (!current || schedule_.every.count() == 0) return false;
  const int64_t age = parts_.clock.NowMillis() - static_cast<int64_t>(current->made_at_ms);
  return std::abs(age) >= schedule_.every.count();
}

void KeyRotator::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!request_ && IsDue()) request_ = Request{EarlierKey::kStays, "daemon", [](const absl::Status&) {}};
    if (request_) {
      const Request request = *std::exchange(request_, std::nullopt);
      busy_ = true;
      lock.unlock();
      const absl::Status result = Do(request);
      lock.lock();
      busy_ = false;
      progress_ = {};
      (result.ok() ? rotations_ : failed_) += 1;
      failure_ = Text(result);
      lock.unlock();
      request.done(result);
      lock.lock();
    }
    changed_.wait_for(lock, schedule_.look_every, [this] { return stopping_ || request_; });
  }
  if (!request_) return;
  const Request request = *std::exchange(request_, std::nullopt);
  lock.unlock();
  request.done(absl::CancelledError("the daemon is ending"));
}

absl::Status KeyRotator::RotateNow(EarlierKey earlier) {
  KeyRotation rotation(parts_.store, parts_.anchor_batch);
  return rotation.Run(earlier, parts_.clock.NowMillis(), [this](SealedStore::Progress progress) {
    const std::lock_guard lock(mutex_);
    progress_ = progress;
    return !stopping_;
  });
}

absl::Status KeyRotator::Do(const Request& request) {
  AuditEvent event{kEvent, request.actor, "", "", "", ""};
  event.detail = request.earlier == EarlierKey::kDestroyed ? "the earlier key is destroyed at once"
                                                           : "the earlier key stays until the next rotation";
  LABREC_RETURN_IF_ERROR(parts_.audit.Append(event, Durability::kSync));
  const absl::Status result = RotateNow(request.earlier);
  const auto current = parts_.store.ring().current();
  event.event = absl::StrCat(kEvent, result.ok() ? "_done" : "_failed");
  event.detail =
      result.ok() ? absl::StrCat("period ", current ? current->number : 0, "; ", event.detail) : Text(result);
  if (result.ok()) {
    spdlog::info("{}: {}", event.event, event.detail);
  } else {
    spdlog::error("{}: {}; the next rotation goes on from there", event.event, event.detail);
  }
  // Nobody knows what storage holds: the next batch finds that out, and ends the process.
  if (EndsTheProcess(result)) parts_.anchor_batch().IgnoreError();
  const absl::Status written = parts_.audit.Append(event, Durability::kSync);
  if (!written.ok()) spdlog::error("{}: {}", event.event, Text(written));
  return result;
}

SealingFigures KeyRotator::figures() const {
  SealingFigures figures;
  const std::vector<hsm::PeriodKeyId> ids = parts_.store.ring().ids();
  if (!ids.empty()) {
    figures.period = ids.back().number;
    figures.since_ms = static_cast<int64_t>(ids.back().made_at_ms);
  }
  if (ids.size() > 1) figures.earlier_period = ids[ids.size() - 2].number;
  figures.device_writes = parts_.store.ring().device_writes();
  const std::lock_guard lock(mutex_);
  figures.buckets_done = progress_.looked_at;
  figures.buckets = busy_ ? progress_.buckets : 0;
  figures.rotations = rotations_;
  figures.rotations_failed = failed_;
  figures.failure = failure_;
  return figures;
}

}  // namespace labrec::recovery

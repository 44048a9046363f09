#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"

#include "hsm/base/clock.h"
#include "recovery/realm/audit_log.h"
#include "recovery/store/figures.h"
#include "recovery/store/sealed/key_rotation.h"

namespace labrec::recovery {

// Rotates a realm's period keys while it serves: at the operator's word, and by itself when the current key
// is old enough. One rotation at a time, on a thread of its own. The audit log has each before it begins and
// when it ends. One that was interrupted is gone on with by the next. Threads: any.
class KeyRotator {
 public:
  struct Parts {
    SealedStore& store;
    std::function<absl::Status()> anchor_batch;  // as KeyRotation's; may wait
    AuditLog& audit;
    const Clock& clock;
  };
  struct Schedule {
    std::chrono::milliseconds every{0};             // 0: never by itself; nor where nothing is sealed
    std::chrono::milliseconds look_every{600'000};  // whether it is time, and after one that failed
  };
  KeyRotator(Parts parts, Schedule schedule);
  ~KeyRotator();  // as Stop
  KeyRotator(const KeyRotator&) = delete;
  KeyRotator& operator=(const KeyRotator&) = delete;

  // Makes the first key where there is none. `done` is called once, from the rotator's thread or the
  // caller's. RESOURCE_EXHAUSTED: another one is under way; otherwise KeyRotation's errors.
  void Rotate(EarlierKey earlier, const std::string& actor, std::function<void(const absl::Status&)> done);

  // Ends what is under way, between two steps of it, and waits for that. After the engine can anchor no more.
  void Stop();

  SealingFigures figures() const;

 private:
  struct Request {
    EarlierKey earlier = EarlierKey::kStays;
    std::string actor;
    std::function<void(const absl::Status&)> done;
  };
  void Run();
  bool IsDue() const;
  absl::Status Do(const Request& request);
  absl::Status RotateNow(EarlierKey earlier);

  const Parts parts_;
  const Schedule schedule_;
  mutable std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  bool stopping_ = false;
  bool busy_ = false;
  std::optional<Request> request_;
  SealedStore::Progress progress_;
  uint64_t rotations_ = 0;
  uint64_t failed_ = 0;
  std::string failure_;
  std::thread thread_;
};

}  // namespace labrec::recovery

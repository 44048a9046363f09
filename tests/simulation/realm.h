#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "hsm/base/clock.h"
#include "recovery/engine/engine.h"
#include "recovery/store/sqlite/sqlite_store.h"
#include "tests/simulation/bus.h"
#include "tests/simulation/chip/chip.h"
#include "tests/simulation/refusing_store.h"
#include "tests/simulation/world/universe.h"

namespace labrec::sim {

// The device of a seed, and how its realm is configured.
struct Setting {
  AnchorShape shape = AnchorShape::kCounter;
  int parallelism = 1;
  int64_t command_nanos = 100'000;
  uint32_t bucket_exponent = 2;
  recovery::EngineOptions engine;
  recovery::SqliteOptions store;
};

// The realm's own clock: simulated time, set wrong.
class SetClock : public Clock {
 public:
  SetClock(Scheduler& scheduler, int64_t skew_millis) : scheduler_(scheduler), skew_(skew_millis) {}
  int64_t NowMillis() const override { return scheduler_.now() / 1'000'000 + skew_; }

 private:
  Scheduler& scheduler_;
  const int64_t skew_;
};

// The answer to a call whose process died meanwhile.
absl::Status NoAnswer();
bool IsNoAnswer(const absl::Status& status);
// A refusal that rests on what storage said, where storage may say otherwise later.
bool IsStoragesWord(const absl::Status& status);

// The realm's program in one process: store, device and engine, all unchanged.
class Realm {
 public:
  Realm(Universe& universe, Chip& chip, const Setting& setting, Process& process, int64_t clock_skew_millis);
  // Ends it. Nobody calls it any more.
  ~Realm();

  // Makes an empty ledger in the process's folder.
  absl::Status Create();
  absl::Status Start();
  // The operator's way past a refusal: makes a ledger in the process's empty folder of the rows that `from`
  // has, with at most `floor` guesses left to each version, and anchors it.
  absl::Status Accept(const std::filesystem::path& from, uint32_t floor);
  // The storage's owner writes a batch himself that he refused: it follows what the process's folder holds,
  // or takes the place of an empty one of the same epoch. False: it does neither.
  absl::StatusOr<bool> Complete(const recovery::StoreBatch& refused);

  // Calls the engine and waits for its answer; NoAnswer if the process died before that.
  template <typename T>
  absl::StatusOr<T> Call(const std::function<void(recovery::Engine&, recovery::Done<T>)>& call);

  Process& process() const { return process_; }
  RefusingStore& storage() { return *store_; }
  // The epoch of the head that was found on storage; none if it did not come to that.
  std::optional<uint64_t> found_epoch() const { return found_epoch_; }
  const Bytes& realm_id() const { return setting_.engine.realm_id; }
  AnchorShape shape() const { return setting_.shape; }
  int64_t NowMillis() const { return clock_.NowMillis(); }  // by the realm's own clock

 private:
  absl::Status OpenParts(recovery::SqliteOptions::Open mode);

  Universe& universe_;
  Chip& chip_;
  const Setting& setting_;
  Process& process_;
  SimulatedBus bus_;
  SetClock clock_;
  std::unique_ptr<RefusingStore> store_;
  std::unique_ptr<hsm::Device> device_;
  std::unique_ptr<recovery::Engine> engine_;
  std::optional<uint64_t> found_epoch_;
};

// The epoch that the chip holds for current; 0 if it holds none.
uint64_t EpochOf(const Chip& chip, AnchorShape shape);

template <typename T>
absl::StatusOr<T> Realm::Call(const std::function<void(recovery::Engine&, recovery::Done<T>)>& call) {
  struct Pending {
    std::mutex mutex;
    std::condition_variable answered;
    std::optional<absl::StatusOr<T>> answer;
  };
  if (process_.dead) return NoAnswer();
  auto pending = std::make_shared<Pending>();
  {
    const Universe::Inside inside(universe_, process_);
    call(*engine_, [this, pending](absl::StatusOr<T> answer) {
      const bool heard = !process_.dead;
      {
        const std::lock_guard lock(pending->mutex);
        if (pending->answer) universe_.Violation("a call was answered twice");
        pending->answer.emplace(heard ? std::move(answer) : NoAnswer());
      }
      pending->answered.notify_all();
    });
  }
  std::unique_lock lock(pending->mutex);
  pending->answered.wait(lock, [&] { return pending->answer.has_value(); });
  return *std::move(pending->answer);
}

}  // namespace labrec::sim

// The real SqliteStore, with a fault or a power cut at every single step of a fixed history.
#include <map>

#include <gtest/gtest.h>

#include "hsm/base/encoding.h"
#include "recovery/ledger/bucket.h"
#include "recovery/store/sqlite/sqlite_store.h"
#include "tests/simulation/world/entropy.h"
#include "tests/simulation/world/universe.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec::sim {
namespace {

using recovery::StoreBatch;

constexpr uint64_t kBatches = 6;

// Batch n writes row n % 3, and says so in the head.
StoreBatch BatchOf(uint64_t number) {
  const Digest key = Sha256(std::to_string(number % 3));
  const Bytes content(200, static_cast<uint8_t>(number));
  recovery::BucketDirectory directory;
  directory.Set(key, Sha256(content));
  const Bytes entries = directory.Serialize();
  StoreBatch batch;
  batch.rows.push_back({{0, key}, content});
  batch.buckets.push_back({0, recovery::BucketDigest(0, entries), entries});
  batch.head = {number, Sha256("root"), Bytes(16, 1), 0, 1, 0, Bytes(32, static_cast<uint8_t>(number))};
  return batch;
}

// How the history went.
struct Course {
  uint64_t steps = 0;           // that were made
  uint64_t acknowledged = 0;    // the last batch whose Write said OK
  uint64_t tried = 0;           // the last one that was tried
  bool uncertain = false;       // a Write said that nobody knows
  bool later_accepted = false;  // and one after it, or after a sync that failed, said OK
  std::vector<std::string> faults;
};

class StoreFaults : public testing::Test {
 protected:
  static void SetUpTestSuite() { TakeOverEntropy(); }

  // Opens a store in the world's name, without faults, and gives the number of the batch that it holds.
  static uint64_t Look(const std::filesystem::path& folder) {
    const auto store = recovery::OpenSqliteStore(folder / "realm.db");
    EXPECT_TRUE(store.ok()) << store.status();
    if (!store.ok()) return 0;
    const auto head = (*store)->ReadHead();
    EXPECT_TRUE(head.ok() && head->has_value()) << head.status();
    if (!head.ok() || !head->has_value()) return 0;
    const uint64_t number = (*head)->epoch;
    const auto row = (*store)->ReadRow({0, Sha256(std::to_string(number % 3))});
    EXPECT_TRUE(row.ok() && *row == Bytes(200, static_cast<uint8_t>(number)))
        << "batch " << number << " is torn";
    return number;
  }

  // The history, in a process that `spoil` has made suffer; then a power cut, or none; then `judge` sees what
  // storage holds.
  void History(uint64_t seed, const std::function<void(Process&)>& spoil, bool cut,
               const std::function<void(const Course&, uint64_t found)>& judge) {
    const test::TemporaryFolder scratch("/dev/shm");
    Trace trace;
    Dice dice(seed);
    Scheduler scheduler(dice.Branch(1), trace, 50);
    scheduler.Run([&] {
      Disk disk(scratch.path() / "disk");
      Universe universe(scheduler, disk, dice.Branch(2));
      RestartEntropy();
      const std::filesystem::path folder = disk.folder() / "a";
      std::filesystem::create_directories(folder);
      {
        const auto store = recovery::OpenSqliteStore(
            folder / "realm.db", {.open = recovery::SqliteOptions::Open::kCreateIfMissing});
        ASSERT_TRUE(store.ok() && (*store)->Write(BatchOf(1)).ok());
      }
      disk.Put(folder, disk.Look(folder));
      Process& process = universe.NewProcess(folder);
      spoil(process);
      Course run;
      run.acknowledged = run.tried = 1;
      Suffer(universe, process, run);
      run.steps = process.steps;
      for (const auto& [what, count] : universe.figures().counts) run.faults.push_back(what);
      if (cut) disk.LosePower(folder, dice);
      judge(run, Look(folder));
    });
  }

  static void Suffer(Universe& universe, Process& process, Course& run) {
    const Universe::Inside inside(universe, process);
    const auto store =
        recovery::OpenSqliteStore(process.folder / "realm.db", {.erase_after = std::chrono::milliseconds(1)});
    if (!store.ok()) return;
    bool stopped = false;  // a sync has failed, and the store has had time to notice
    for (uint64_t attempt = 2; attempt <= kBatches; ++attempt) {
      const uint64_t number =
          run.tried + 1;  // a refused batch's number goes to the next one, as a ledger does it
      run.tried = number;
      const absl::Status written = (*store)->Write(BatchOf(number));
      if (process.dead) return;
      if (written.ok()) {
        run.acknowledged = number;
        run.later_accepted |= run.uncertain || stopped;
      } else if (!absl::IsAborted(written)) {
        run.uncertain = true;
      } else if (!run.uncertain) {
        run.tried = run.acknowledged;  // certainly not written
      }
      stopped = process.sync_failed;
      universe.scheduler().Sleep(700'000);
    }
  }

  static void Judge(const Course& run, uint64_t found, const std::string& what) {
    EXPECT_GE(found, run.acknowledged) << what << ": an acknowledged batch is lost";
    EXPECT_LE(found, run.tried) << what << ": a batch is there that was never written, or certainly not";
    EXPECT_FALSE(run.later_accepted)
        << what << ": a batch was taken after a sync that failed, or an outcome that nobody knows";
  }
};

TEST_F(StoreFaults, APowerCutAtEveryStepLosesNothingAcknowledged) {
  uint64_t steps = 0;
  History(
      1, [](Process&) {}, false,
      [&](const Course& run, uint64_t found) {
        EXPECT_EQ(found, kBatches);
        steps = run.steps;
      });
  ASSERT_GT(steps, 60U);
  for (uint64_t step = 1; step <= steps; ++step) {
    for (const bool after : {false, true}) {
      for (uint64_t seed = 1; seed <= 3; ++seed) {
        History(
            seed,
            [&](Process& process) {
              process.dies_at = step;
              process.dies_after = after;
            },
            true,
            [&](const Course& run, uint64_t found) { Judge(run, found, "step " + std::to_string(step)); });
      }
    }
  }
}

// Every kind of fault, at random calls; then a power cut as well.
TEST_F(StoreFaults, AfterAnyFaultWhatWasAcknowledgedIsThereAndNothingMoreIsTaken) {
  std::map<std::string, int> seen;
  int uncertain = 0;
  for (size_t kind = 1; kind < kIoFaults; ++kind) {
    for (uint64_t seed = 1; seed <= 60; ++seed) {
      History(
          seed * 100 + kind, [&](Process& process) { process.rates.io[kind] = seed % 2 == 0 ? 30 : 120; },
          seed % 3 != 0,
          [&](const Course& run, uint64_t found) {
            for (const std::string& fault : run.faults) ++seen[fault];
            uncertain += run.uncertain ? 1 : 0;
            Judge(run, found,
                  std::string(NameOf(static_cast<IoFault>(kind))) + ", seed " + std::to_string(seed));
          });
    }
  }
  for (size_t kind = 1; kind < kIoFaults; ++kind) {
    EXPECT_GT(seen[std::string("fault, ") + NameOf(static_cast<IoFault>(kind))], 5)
        << NameOf(static_cast<IoFault>(kind));
  }
  EXPECT_GT(uncertain, 30);
}

// A run dies before its sync; the next one finds the batch whole and builds on it; the power goes. The batch
// was shown to somebody, so it must be there.
TEST_F(StoreFaults, WhatAStoreShowsIsThereOnceItIsMadeDurable) {
  int shown = 0;
  for (uint64_t step = 1; step <= 120; ++step) {
    const test::TemporaryFolder scratch("/dev/shm");
    Trace trace;
    Dice dice(step);
    Scheduler scheduler(dice.Branch(1), trace, 50);
    scheduler.Run([&] {
      Disk disk(scratch.path() / "disk");
      Universe universe(scheduler, disk, dice.Branch(2));
      RestartEntropy();
      const std::filesystem::path folder = disk.folder() / "a";
      std::filesystem::create_directories(folder);
      {
        const auto store = recovery::OpenSqliteStore(
            folder / "realm.db", {.open = recovery::SqliteOptions::Open::kCreateIfMissing});
        ASSERT_TRUE(store.ok() && (*store)->Write(BatchOf(1)).ok());
      }
      disk.Put(folder, disk.Look(folder));
      Process& killed = universe.NewProcess(folder);
      killed.dies_at = step;
      Course run;
      Suffer(universe, killed, run);
      Process& next = universe.NewProcess(folder);
      uint64_t seen = 0;
      {
        const Universe::Inside inside(universe, next);
        const auto store = recovery::OpenSqliteStore(folder / "realm.db");
        ASSERT_TRUE(store.ok()) << store.status();
        ASSERT_TRUE((*store)->MakeDurable().ok());
        seen = (**(*store)->ReadHead()).epoch;
        next.dead = true;
      }
      disk.LosePower(folder, dice);
      shown += seen > run.acknowledged ? 1 : 0;
      EXPECT_EQ(Look(folder), seen) << "killed at step " << step;
    });
  }
  EXPECT_GT(shown, 3) << "no run was killed between its writes and its sync";
}

}  // namespace
}  // namespace labrec::sim

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "tests/fault/crash/crash_sweep.h"
#include "tests/support/realm/realm_stub.h"

// Storage that belongs to an attacker between runs: docs/ledger.md, "Answers without a batch".
namespace labrec::test {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostDatabase = 64U << 20;
constexpr uint64_t kLastCommands = 16;  // of a start: its empty batches are among them
constexpr uint64_t kCommandsOfABatch = 9;

// Ledger and log, as they lie there.
struct Storage {
  Bytes database;
  Bytes log;
};

Storage Look(const fs::path& ledger) {
  const auto read = [](const fs::path& path) { return ReadFile(path, kMostDatabase).value_or(Bytes()); };
  return {read(ledger), read(ledger.string() + "-wal")};
}

absl::Status Put(const fs::path& ledger, const Storage& storage) {
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(ledger.string() + suffix);
  LABREC_RETURN_IF_ERROR(WriteFile(ledger, storage.database, 0600, Overwrite::kReplace));
  if (storage.log.empty()) return absl::OkStatus();
  return WriteFile(ledger.string() + "-wal", storage.log, 0600, Overwrite::kReplace);
}

}  // namespace

// 1. a guess, and the daemon is killed at a command of its batch; 2. a run on the storage before; 3. another
// one, killed at a command of its start; 4. the storage of 1, and the guess is sent again; 5. the storage
// of 3. Whatever is served says how many guesses are left, and the record's history judges it.
absl::Status CrashSweep::Replay(std::mt19937_64& random, SweepReport& report, uint64_t seed) {
  const fs::path ledger = realm_->state() / "ledger.sqlite";
  LABREC_ASSIGN_OR_RETURN(const std::unique_ptr<SweepRecord> record, NewRecord());
  const auto start = [&](int64_t commands) {
    realm_->daemon().Kill();
    commands_to_live_ = commands;
    lose_reply_ = random() % 2 == 0;
    const bool serves = realm_->StartDaemon().ok();
    commands_to_live_ = -1;
    return serves;
  };
  const auto end = [&] {
    realm_->daemon().Kill();
    return Look(ledger);
  };

  const uint64_t before_start = proxy_->commands();
  if (!start(-1)) return absl::UnavailableError("the daemon does not start again in peace");
  const auto commands_of_start = static_cast<int64_t>(proxy_->commands() - before_start);
  const Storage before = Look(ledger);
  commands_to_live_ = static_cast<int64_t>(random() % kCommandsOfABatch);
  SweepClient(*record, SweepClient::Habit::kHammer, random()).Run(*test::NewStub(*realm_), 1);
  commands_to_live_ = -1;
  const Storage with = end();

  Storage latest = with;
  LABREC_RETURN_IF_ERROR(Put(ledger, before));
  if (start(-1)) latest = end();
  start(commands_of_start - static_cast<int64_t>(random() % kLastCommands));
  const Storage hidden = end();
  for (const Storage& shown : {with, hidden}) {
    LABREC_RETURN_IF_ERROR(Put(ledger, shown));
    if (!start(-1)) continue;
    SettleHistory(*test::NewStub(*realm_), *record);
    latest = end();
  }
  ++report.replays;
  for (const std::string& violation : record->history.Violations()) {
    report.violations.push_back(absl::StrCat("seed ", seed, ", storage replayed: ", violation));
  }
  realm_->daemon().Kill();
  LABREC_RETURN_IF_ERROR(Put(ledger, latest));
  return realm_->StartDaemon();
}

}  // namespace labrec::test

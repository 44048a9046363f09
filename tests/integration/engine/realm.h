#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include <gtest/gtest.h>

#include "recovery/engine/engine.h"
#include "recovery/record/record.h"
#include "recovery/store/store.h"
#include "tests/support/device/faulty_device.h"
#include "tests/support/device/simulated_device.h"
#include "tests/support/process/eventually.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec::recovery {

// Storage that shows something else than what was written, where a test says so.
class EditedStore;

// A realm without a network, on a simulator and a database of its own. Everything that cannot be set up
// aborts the test with the reason.
class EngineRealm {
 public:
  // `prepare` has the simulator for itself, before anything is made on it.
  using Prepare = std::function<void(test::SimulatedDevice&)>;
  explicit EngineRealm(test::SimulatorKind kind, EngineOptions options = {}, const Prepare& prepare = {});
  ~EngineRealm();

  // A clean stop and a start of engine, device and store; all on the same files.
  void Restart();
  void Stop();

  // Storage as it lies there: what a crash leaves, and an attacker keeps and puts back.
  struct Image {
    Bytes database;
    Bytes log;
  };
  Image Storage() const;
  // Ends the run without any further commit, as a crash would, and shows what is left.
  Image Kill();
  // While nothing runs.
  void PutStorage(const Image& image);
  // Storage after an operator accepted it with whatever `edit` makes of its rows, which it is given by key.
  // While nothing runs.
  void AcceptEdited(const std::function<void(std::map<Digest, Bytes>&)>& edit);
  // A start that may be refused, or ended: it makes `commits` commits of the anchor, and whatever follows
  // leaves its state on storage and no mark on the device. After Kill.
  absl::Status TryStart(int commits);
  // The same from now on.
  void AllowCommits(int commits) { commits_left_ = commits; }

  Engine& engine() { return *engine_; }
  test::FaultyDevice& device() { return *device_; }
  test::SimulatedDevice& simulator() { return *simulator_; }
  const Bytes& realm_id() const { return options_.realm_id; }

  // The record as its row says; read beside the ledger. The engine may run.
  std::optional<Record> StoredRecord(const RecordName& name);
  // From now on the row of this record reads as if one bit of it had been flipped.
  void EditStoredRecord(const RecordName& name);

  // How often on_fatal was called.
  int fatal_calls() const { return fatal_calls_; }

 private:
  void CreateLedger();
  void Start();
  void Close();
  std::filesystem::path path() const { return folder_.path() / "ledger.db"; }

  EngineOptions options_;
  test::TemporaryFolder folder_;
  std::unique_ptr<test::SimulatedDevice> simulator_;
  std::unique_ptr<test::FaultyDevice> device_;
  std::unique_ptr<Store> sqlite_;
  std::unique_ptr<EditedStore> store_;
  std::atomic<int> fatal_calls_ = 0;
  std::atomic<int> commits_left_ = 0;  // of a run that TryStart began
  std::unique_ptr<Engine> engine_;
};

using test::Eventually;

}  // namespace labrec::recovery

#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/open_device.h"
#include "recovery/ledger/ledger.h"
#include "recovery/store/sqlite/sqlite_store.h"
#include "tests/support/process/temporary_folder.h"
#include "tests/support/storage/storage.h"
#include "tests/support/token/softhsm.h"
#include "tests/support/tpm/swtpm.h"

namespace labrec::recovery {

inline const Bytes kRealm = ToBytes("ledger-test-real");
Digest KeyOf(uint32_t number);
RowWrite Put(uint32_t bucket, uint32_t key, Bytes content);

// A provisioned freshness anchor in a simulator of its own.
class AnchorDevice {
 public:
  virtual ~AnchorDevice() = default;
  // Opens the device once more; as another process would.
  absl::StatusOr<std::unique_ptr<hsm::Device>> Open() const;
  // A device that was never seen stands where this one stood.
  virtual void Replace() = 0;
  virtual void Break() = 0;
  virtual void Repair() = 0;
  void Provision();

 protected:
  virtual std::string uri() const = 0;

 private:
  SecretBytes authorization_ = SecretBytes::Random(32);
  hsm::DeviceState state_;
};

// A database copied while it was open: what a crash leaves, or an attacker keeps.
using Image = test::Storage::Image;

// A ledger on a database, with everything it stands on. Closing and crashing are the same to it.
struct Running {
  std::unique_ptr<Store> store;
  std::unique_ptr<hsm::Device> device;
  std::unique_ptr<Ledger> ledger;
  Ledger::OpenReport report;
};

// What a test runs on: a device, and the engine where another than SQLite is named.
// The token's anchor asks more of storage than the TPM's: it writes a head again to roll it forward.
inline constexpr const char* kOnBothEngines[] = {"swtpm", "softhsm2", "softhsm2_postgres", "swtpm_sealed"};
// With a period key from the beginning (SealedStore).
inline constexpr const char* kSealed[] = {"swtpm_sealed", "softhsm2_sealed", "softhsm2_sealed_postgres"};

// Runs on swtpm and on SoftHSM2.
class LedgerTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override;

  // A new realm at path(), with 2^exponent buckets.
  void Create(uint32_t exponent = 2);
  // Opens a database; on OK it is running_.
  absl::Status Open() { return OpenAt(path(), running_); }
  absl::Status OpenAt(const std::filesystem::path& file, Running& running, const Bytes& realm = kRealm);
  void Stop() { running_ = Running(); }

  // The image is of now, also while the ledger is open.
  Image Copy() const { return storage_->Copy(path()); }
  void Restore(const Image& image) { RestoreAt(image, path()); }
  void RestoreAt(const Image& image, const std::filesystem::path& file) { storage_->Restore(image, file); }
  // Runs SQL on a database, behind the ledger's back.
  void Meddle(const std::filesystem::path& file, const std::string& sql) { storage_->Meddle(file, sql); }

  // Storage at this place as a ledger is given it: with the device's period keys, where the test is of those.
  absl::StatusOr<std::unique_ptr<Store>> OpenStore(
      const std::filesystem::path& file, hsm::Device& device,
      test::Storage::Ledger ledger = test::Storage::Ledger::kExisting);

  static absl::Status Commit(Ledger& ledger, std::vector<RowWrite> writes);
  absl::Status Commit(std::vector<RowWrite> writes) { return Commit(*running_.ledger, std::move(writes)); }
  absl::StatusOr<std::optional<Bytes>> Read(uint32_t bucket, uint32_t key) {
    return running_.ledger->Read({bucket, KeyOf(key)});
  }
  // Some rows in every bucket.
  void Fill();

  std::filesystem::path path() const { return folder_.path() / "realm.db"; }

  Ledger::Reads reads_ = Ledger::Reads::kFromStorage;  // of ledgers that are opened

  test::TemporaryFolder folder_;
  std::unique_ptr<test::Storage> storage_;
  std::unique_ptr<AnchorDevice> device_;
  Running running_;
};

// The device's anchor, with something done before one of its commits, or its answer taken away.
class HookedAnchor : public hsm::FreshnessAnchor {
 public:
  explicit HookedAnchor(hsm::FreshnessAnchor& real) : real_(real) {}
  std::function<void()> before_prepare;
  std::function<void()> before_commit;

  absl::Status Claim() override { return real_.Claim(); }
  absl::Status CheckClaim() override { return real_.CheckClaim(); }
  absl::StatusOr<uint64_t> CurrentEpoch() override { return real_.CurrentEpoch(); }
  absl::StatusOr<Bytes> Prepare(uint64_t epoch, const Digest& digest) override {
    if (before_prepare) std::exchange(before_prepare, nullptr)();
    return real_.Prepare(epoch, digest);
  }
  absl::Status Commit(uint64_t epoch) override {
    if (before_commit) std::exchange(before_commit, nullptr)();
    return real_.Commit(epoch);
  }
  absl::StatusOr<hsm::FreshnessReport> Check(uint64_t epoch, const Digest& digest,
                                             ByteView evidence) override {
    return real_.Check(epoch, digest, evidence);
  }
  hsm::AnchorWear wear() const override { return real_.wear(); }

 private:
  hsm::FreshnessAnchor& real_;
};

}  // namespace labrec::recovery

#pragma once

#include <filesystem>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"
#include "recovery/realm/manifest.h"

namespace labrec::recovery {

// The folder that holds a realm's state (mode 0700). docs/formats.md:
//   realm.json      what the realm is (RealmManifest); written last at init, so that it marks a whole realm
//   device.auth     32 bytes that authorise the use of the device's keys (mode 0600)
//   anchor.auth     likewise for the anchor's own device, where there is one
//   pcr-approvals/  signed values of PCRs, where the device's keys are bound to them (attestation/verify)
//   ledger.sqlite   the ledger, with SQLite's -wal and -shm beside it
//   wear.json       how often the anchor device was written, for the operator (WearMeter)
//   audit.log       what operators and clients did
//   lock            locked (flock) by the one process that works on the realm
//   admin.sock      the admin socket, unless the configuration puts it elsewhere
class RealmFolder {
 public:
  explicit RealmFolder(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path ManifestPath() const { return path_ / "realm.json"; }
  std::filesystem::path DeviceAuthPath() const { return path_ / "device.auth"; }
  std::filesystem::path AnchorAuthPath() const { return path_ / "anchor.auth"; }
  std::filesystem::path PcrApprovalsPath() const { return path_ / "pcr-approvals"; }
  std::filesystem::path LedgerPath() const { return path_ / "ledger.sqlite"; }
  std::filesystem::path WearPath() const { return path_ / "wear.json"; }
  std::filesystem::path AuditPath() const { return path_ / "audit.log"; }
  std::filesystem::path LockPath() const { return path_ / "lock"; }
  std::filesystem::path AdminSocketPath() const { return path_ / "admin.sock"; }

  // NOT_FOUND, saying how to make one, if there is no realm; FAILED_PRECONDITION if others can enter the
  // folder.
  absl::StatusOr<RealmManifest> ReadManifest() const;
  absl::Status WriteManifest(const RealmManifest& manifest) const;

  absl::StatusOr<SecretBytes> ReadDeviceAuth() const;
  absl::StatusOr<SecretBytes> ReadAnchorAuth() const;
  absl::Status WriteDeviceAuth(const SecretBytes& authorization) const;
  absl::Status WriteAnchorAuth(const SecretBytes& authorization) const;

 private:
  std::filesystem::path path_;
};

// 32 random bytes, the last of them not zero: TPMs strip trailing zeros of authorisation values (TPM 2.0 Part
// 1, 19.6.5), and tpm2-tss 3.2.1 computes HMACs over the unstripped ones.
SecretBytes NewAuthorization();

// The right to work on a realm, held by at most one process at a time; the kernel releases it when the
// process ends, however that happens.
class RealmLock {
 public:
  // FAILED_PRECONDITION if another process has it.
  static absl::StatusOr<RealmLock> Take(const RealmFolder& folder);
  RealmLock(RealmLock&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), left_serving_(other.left_serving_), serves_(other.serves_) {}
  RealmLock& operator=(RealmLock&& other) noexcept;
  ~RealmLock();

  // Whether the daemon that served last did not come to its end: it was killed, or the host lost its power.
  bool left_serving() const { return left_serving_; }
  // A daemon says so, durably, before it serves and once it has ended what it did. The second does nothing
  // without the first. UNAVAILABLE: the disk does not take it.
  absl::Status NoteServing();
  absl::Status NoteEnd();

 private:
  explicit RealmLock(int fd) : fd_(fd) {}
  int fd_ = -1;
  bool left_serving_ = false;
  bool serves_ = false;
};

}  // namespace labrec::recovery

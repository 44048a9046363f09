#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/ledger/verify.h"
#include "tools/admin/offline_realm.h"

namespace labrec::admin {

// A file that is open, as it may be readable to root alone and FindRealm gives root's rights up.
class OpenedFile {
 public:
  // What the system says, with the path; INVALID_ARGUMENT: it is no regular file.
  static absl::StatusOr<OpenedFile> Open(const std::filesystem::path& path);
  OpenedFile(OpenedFile&& other) noexcept
      : name_(std::move(other.name_)), fd_(std::exchange(other.fd_, -1)) {}
  OpenedFile& operator=(OpenedFile&&) = delete;
  ~OpenedFile();

  const std::filesystem::path& name() const { return name_; }
  int get() const { return fd_; }

 private:
  OpenedFile(std::filesystem::path name, int fd) : name_(std::move(name)), fd_(fd) {}
  std::filesystem::path name_;
  int fd_;
};

struct BackupQuestion {
  OpenedFile file;
  OfflineRealm realm;
  std::filesystem::path socket;  // empty: in the realm's folder
  std::function<void(const recovery::VerifyProgress&)> progress;
};

struct BackupReport {
  recovery::ContentReport content;
  uint64_t realm_epoch = 0;       // where the device stands now
  bool judged = false;            // the device was asked for the head's evidence
  std::string evidence;           // what is known of it
  absl::Status evidence_verdict;  // DATA_LOSS where the device disowns the snapshot

  uint64_t EpochsBehind() const;
  // What an operator has to expect of putting it back.
  std::string Meaning() const;

 private:
  std::string MeaningOfDamage() const;
};

// Walks a copy of the snapshot (made in the realm's folder, removed afterwards); the file is not touched.
// While a daemon runs it is asked for its epoch and the evidence is not judged, as the device is the
// daemon's; otherwise the device is asked. Errors: file or realm cannot be read, the device is away.
absl::StatusOr<BackupReport> CheckBackup(const BackupQuestion& question);

}  // namespace labrec::admin

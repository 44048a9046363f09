#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include <sys/stat.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/hash.h"

namespace labrec::recovery {

// The file of the audit log, open for appending. Follows its name: where the file was moved away, a new one
// begins, whose first line says which line it follows. Says in the daemon's log when another hand was at it:
// when lines do not hang together at the opening, and when it changed beside what was written. Not for
// several threads at a time.
class AuditFile {
 public:
  // UNAVAILABLE: it cannot be opened, made or read, or a link or a pipe that nobody reads lies there.
  static absl::StatusOr<AuditFile> Open(std::filesystem::path path);
  AuditFile(AuditFile&& other) noexcept { Swap(other); }
  AuditFile& operator=(AuditFile&& other) noexcept {
    Swap(other);
    return *this;
  }
  ~AuditFile();

  // Opens the file of that name anew, where it is not the one that is open. `time` is for the line that a new
  // one begins with. An error leaves it closed: no line is taken until this succeeds.
  absl::Status Follow(const std::string& time);
  // Appends a JSON object as one line, by one write(2). UNAVAILABLE: it is not written whole.
  absl::Status Append(const std::string& object);
  absl::Status Sync();

 private:
  AuditFile() = default;
  void Swap(AuditFile& other) noexcept;
  absl::Status OpenFile();
  absl::Status ReadChain();
  absl::Status Begin(const std::string& time);
  bool IsInItsPlace() const;
  void LookForOthers();
  void NoteOwn();

  std::filesystem::path path_;
  int fd_ = -1;  // below 0: closed
  bool regular_ = false;
  struct stat seen_ {};  // after the last line
  bool torn_ = false;    // the last line was cut
  Digest head_{};
  uint64_t discontinuities_ = 0;  // the highest number in any line
};

}  // namespace labrec::recovery

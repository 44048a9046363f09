#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/clock.h"
#include "recovery/realm/audit_file.h"

namespace labrec::recovery {

// One thing that somebody did to an account. Names only: neither PIN, secret, token nor signature.
struct AuditEvent {
  std::string event;  // "record_deleted"
  std::string actor;  // "client", "operator uid 0 pid 4711"
  std::string tenant;
  std::string account;
  std::string record;                                      // empty where no record is concerned
  std::string detail;                                      // a device's id, a refusal's message
  std::optional<uint64_t> discontinuities = std::nullopt;  // of the ledger, once a restored one is accepted
};

// When a line counts as written: once it is on the disk, or once the kernel has it.
enum class Durability { kSync, kBuffered };

// An append-only file of JSON lines, mode 0600: {"time", "event", "actor", ..., "chain"}. A thread of its own
// writes them, in the order in which they came, by one write(2) each, so that a crash cuts at most the last
// one; lines that wait together share one fdatasync. A slow disk holds nobody up but those who wait for a
// line. Lines are chained by hashes (audit_chain.h). A file that is moved away is followed by a new one
// (audit_file.h). Threads: any.
class AuditLog {
 public:
  static constexpr size_t kRoom = 8192;  // more lines than requests have places in the engine's queue
  // Called once, with OK or UNAVAILABLE if the line could not be written (disk full, no room).
  using Then = std::function<void(const absl::Status&)>;

  // `room`: lines that may wait; more are refused.
  static absl::StatusOr<std::unique_ptr<AuditLog>> Open(const std::filesystem::path& path, const Clock& clock,
                                                        size_t room = kRoom);
  // Writes what waits.
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // Returns once the line counts as written. UNAVAILABLE if it could not be: the caller decides whether it
  // goes on. Not for the engine's threads, nor for the log's own.
  absl::Status Append(const AuditEvent& event, Durability durability);

  // Looks soon whether the file was moved away, and makes a new one then, though no line waits.
  void Reopen();

  // Returns at once; `then` is called from the log's thread, or from the caller's where there is no room.
  void AppendLater(const AuditEvent& event, Durability durability, Then then);

 private:
  struct Line {
    std::string text;
    Durability durability = Durability::kSync;
    Then then;
  };
  AuditLog(AuditFile file, const Clock& clock, size_t room);
  void Run();
  void WriteAll(const std::deque<Line>& lines);

  AuditFile file_;  // the log's thread
  const Clock& clock_;
  const size_t room_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Line> waiting_;
  bool reopen_ = false;
  bool closing_ = false;
  std::thread thread_;
};

// "2026-03-01T12:00:00.123Z" for Unix milliseconds.
std::string Timestamp(int64_t unix_ms);

}  // namespace labrec::recovery

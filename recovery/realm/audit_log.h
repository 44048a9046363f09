#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <sys/types.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/clock.h"

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

// Whether a line has to be on the disk before the caller goes on.
enum class Durability { kSync, kBuffered };

// An append-only file of JSON lines, mode 0600: {"time", "event", "actor", ...}. Lines are written by one
// write(2) each, so that a crash cuts at most the last one. Threads: any.
class AuditLog {
 public:
  static absl::StatusOr<std::unique_ptr<AuditLog>> Open(const std::filesystem::path& path,
                                                        const Clock& clock);
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // UNAVAILABLE if the line could not be written (disk full): the caller decides whether it goes on.
  absl::Status Append(const AuditEvent& event, Durability durability);

 private:
  AuditLog(int fd, const Clock& clock) : fd_(fd), clock_(clock) {}

  const int fd_;
  const Clock& clock_;
  std::mutex mutex_;
};

// "2026-03-01T12:00:00.123Z" for Unix milliseconds.
std::string Timestamp(int64_t unix_ms);

}  // namespace labrec::recovery

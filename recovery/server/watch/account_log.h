#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <unordered_set>

#include "recovery/engine/call/answers.h"
#include "recovery/engine/call/caller.h"
#include "recovery/engine/call/done.h"
#include "recovery/realm/audit_log.h"
#include "recovery/record/record.h"
#include "recovery/server/watch/metrics.h"

namespace labrec::recovery {

// What clients' calls leave in the audit log: a line for each that changed something, and none for one that
// did not, so that nobody fills the disk by asking twice. Each function calls `then` once, when its line is
// written (that of a record that went away: on the disk) or there is none to write; from any thread. A line
// that cannot be written is reported in the daemon's log and stops no client: what it did is in the ledger.
// Threads: any; nobody waits.
class AccountLog {
 public:
  using Then = std::function<void()>;
  AccountLog(AuditLog& audit, Metrics& metrics) : audit_(audit), metrics_(metrics) {}

  void DeviceEnrolled(const Caller& caller, const Enrollment& enrollment, Then then);
  void DeviceRevoked(const Caller& caller, const DeviceId& device, Ok done, Then then);
  void VersionRegistered(const Caller& caller, const std::string& record, uint32_t version, Ok done,
                         Then then);
  void VersionActivated(const Caller& caller, const std::string& record, uint32_t version, Ok done,
                        Then then);
  void RecordDeleted(const Caller& caller, const std::string& record, Ok done, Then then);
  // For every answer "destroyed". The one that destroyed the record has a line. The process may have ended
  // before that was written: so the first of each run has a line too, for up to 65,536 records.
  void RecordDestroyed(const Caller& caller, const std::string& record, const Destroyed& outcome, Then then);

 private:
  void Write(const Caller& caller, const char* event, const std::string& record, const std::string& detail,
             Durability durability, Then then);
  // Whether this answer is the first to say so.
  bool IsNews(const Caller& caller, const std::string& record, const Destroyed& outcome);

  AuditLog& audit_;
  Metrics& metrics_;
  std::mutex mutex_;
  std::unordered_set<std::string> destroyed_;  // digests of names
};

}  // namespace labrec::recovery

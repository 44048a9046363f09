#pragma once

#include <mutex>
#include <string>
#include <unordered_set>

#include "recovery/engine/call/caller.h"
#include "recovery/realm/audit_log.h"
#include "recovery/record/record.h"
#include "recovery/server/watch/metrics.h"

namespace labrec::recovery {

// What clients' calls leave in the audit log. A line that cannot be written is reported in the daemon's log
// and stops no client: what it did is in the ledger. Threads: any.
class AccountLog {
 public:
  AccountLog(AuditLog& audit, Metrics& metrics) : audit_(audit), metrics_(metrics) {}

  void DeviceEnrolled(const Caller& caller, const DeviceId& device);
  void DeviceRevoked(const Caller& caller, const DeviceId& device);
  void VersionRegistered(const Caller& caller, const std::string& record, uint32_t version);
  void VersionActivated(const Caller& caller, const std::string& record, uint32_t version);
  void RecordDeleted(const Caller& caller, const std::string& record);
  // Called for every answer "destroyed"; written once per record and run.
  void RecordDestroyed(const Caller& caller, const std::string& record);

 private:
  void Write(const Caller& caller, const char* event, const std::string& record, const std::string& detail,
             Durability durability);

  AuditLog& audit_;
  Metrics& metrics_;
  std::mutex mutex_;
  std::unordered_set<std::string> destroyed_;  // digests of names
};

}  // namespace labrec::recovery

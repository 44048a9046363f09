#include "recovery/server/watch/account_log.h"

#include <spdlog/spdlog.h>

#include "hsm/base/encoding.h"
#include "hsm/base/hash.h"

namespace labrec::recovery {
namespace {

constexpr size_t kRemembered = 1U << 16;

std::string VersionText(uint32_t version) {
  return "version " + std::to_string(version);
}

}  // namespace

void AccountLog::DeviceEnrolled(const Caller& caller, const DeviceId& device) {
  Write(caller, "device_enrolled", "", "device " + Hex(device), Durability::kBuffered);
}

void AccountLog::DeviceRevoked(const Caller& caller, const DeviceId& device) {
  Write(caller, "device_revoked", "", "device " + Hex(device), Durability::kBuffered);
}

void AccountLog::VersionRegistered(const Caller& caller, const std::string& record, uint32_t version) {
  Write(caller, "version_registered", record, VersionText(version), Durability::kBuffered);
}

void AccountLog::VersionActivated(const Caller& caller, const std::string& record, uint32_t version) {
  Write(caller, "version_activated", record, VersionText(version), Durability::kBuffered);
}

void AccountLog::RecordDeleted(const Caller& caller, const std::string& record) {
  Write(caller, "record_deleted", record, "", Durability::kSync);
}

void AccountLog::RecordDestroyed(const Caller& caller, const std::string& record) {
  const Bytes name = Writer().Lp(caller.tenant).Lp(caller.account).Lp(record).bytes();
  {
    const std::lock_guard lock(mutex_);
    if (destroyed_.size() >= kRemembered) destroyed_.clear();
    if (!destroyed_.insert(ToString(Sha256(name))).second) return;
  }
  metrics_.RecordDestroyed();
  Write(caller, "record_destroyed", record, "every guess was spent", Durability::kSync);
}

void AccountLog::Write(const Caller& caller, const char* event, const std::string& record,
                       const std::string& detail, Durability durability) {
  const absl::Status written =
      audit_.Append({event, "client", caller.tenant, caller.account, record, detail}, durability);
  if (!written.ok()) spdlog::error("{}: {}", event, std::string(written.message()));
}

}  // namespace labrec::recovery

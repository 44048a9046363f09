#include "recovery/server/watch/account_log.h"

#include <utility>

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

void AccountLog::DeviceEnrolled(const Caller& caller, const Enrollment& enrollment, Then then) {
  if (!enrollment.changed) return then();
  Write(caller, "device_enrolled", "", "device " + Hex(enrollment.device), Durability::kBuffered,
        std::move(then));
}

void AccountLog::DeviceRevoked(const Caller& caller, const DeviceId& device, Ok done, Then then) {
  if (!done.changed) return then();
  Write(caller, "device_revoked", "", "device " + Hex(device), Durability::kBuffered, std::move(then));
}

void AccountLog::VersionRegistered(const Caller& caller, const std::string& record, uint32_t version, Ok done,
                                   Then then) {
  if (!done.changed) return then();
  Write(caller, "version_registered", record, VersionText(version), Durability::kBuffered, std::move(then));
}

void AccountLog::VersionActivated(const Caller& caller, const std::string& record, uint32_t version, Ok done,
                                  Then then) {
  if (!done.changed) return then();
  Write(caller, "version_activated", record, VersionText(version), Durability::kBuffered, std::move(then));
}

void AccountLog::RecordDeleted(const Caller& caller, const std::string& record, Ok done, Then then) {
  if (!done.changed) return then();
  Write(caller, "record_deleted", record, "", Durability::kSync, std::move(then));
}

bool AccountLog::IsNews(const Caller& caller, const std::string& record, const Destroyed& outcome) {
  const Bytes name = Writer().Lp(caller.tenant).Lp(caller.account).Lp(record).bytes();
  const std::lock_guard lock(mutex_);
  const bool first = destroyed_.size() < kRemembered && destroyed_.insert(ToString(Sha256(name))).second;
  return first || outcome.just_now;
}

void AccountLog::RecordDestroyed(const Caller& caller, const std::string& record, const Destroyed& outcome,
                                 Then then) {
  if (!IsNews(caller, record, outcome)) return then();
  metrics_.RecordDestroyed();
  const char* const how =
      outcome.discarded ? "by anchor accept: nobody vouched for its row" : "every guess was spent";
  Write(caller, "record_destroyed", record, how, Durability::kSync, std::move(then));
}

void AccountLog::Write(const Caller& caller, const char* event, const std::string& record,
                       const std::string& detail, Durability durability, Then then) {
  audit_.AppendLater({event, "client", caller.tenant, caller.account, record, detail}, durability,
                     [event, then = std::move(then)](const absl::Status& written) {
                       if (!written.ok()) spdlog::error("{}: {}", event, std::string(written.message()));
                       then();
                     });
}

}  // namespace labrec::recovery

#include "recovery/realm/audit_log.h"

#include <cerrno>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace labrec::recovery {
namespace {

void PutUnlessEmpty(nlohmann::ordered_json& line, const char* key, const std::string& value) {
  if (!value.empty()) line[key] = value;
}

std::string Line(const AuditEvent& event, int64_t now_ms) {
  nlohmann::ordered_json line = {{"time", Timestamp(now_ms)}, {"event", event.event}, {"actor", event.actor}};
  PutUnlessEmpty(line, "tenant", event.tenant);
  PutUnlessEmpty(line, "account", event.account);
  PutUnlessEmpty(line, "record", event.record);
  PutUnlessEmpty(line, "detail", event.detail);
  if (event.discontinuities) line["discontinuities"] = *event.discontinuities;
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

absl::Status Failed(const char* what) {
  return absl::UnavailableError(
      absl::StrCat("audit log: ", what, ": ", std::strerror(errno), "; see to its disk, then try again"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(const std::filesystem::path& path,
                                                         const Clock& clock) {
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return Failed(path.c_str());
  return std::unique_ptr<AuditLog>(new AuditLog(fd, clock));
}

AuditLog::~AuditLog() {
  close(fd_);
}

absl::Status AuditLog::Append(const AuditEvent& event, Durability durability) {
  const std::string line = Line(event, clock_.NowMillis());
  const std::lock_guard lock(mutex_);
  if (write(fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) return Failed("write");
  if (durability == Durability::kSync && fdatasync(fd_) != 0) return Failed("fdatasync");
  return absl::OkStatus();
}

std::string Timestamp(int64_t unix_ms) {
  const auto seconds = static_cast<time_t>(unix_ms / 1000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, unix_ms % 1000);
}

}  // namespace labrec::recovery

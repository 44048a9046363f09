#include "recovery/realm/audit_log.h"

#include <ctime>
#include <future>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"

namespace labrec::recovery {
namespace {

void PutUnlessEmpty(nlohmann::ordered_json& line, const char* key, const std::string& value) {
  if (!value.empty()) line[key] = value;
}

std::string TextOf(const AuditEvent& event, int64_t now_ms) {
  nlohmann::ordered_json line = {{"time", Timestamp(now_ms)}, {"event", event.event}, {"actor", event.actor}};
  PutUnlessEmpty(line, "tenant", event.tenant);
  PutUnlessEmpty(line, "account", event.account);
  PutUnlessEmpty(line, "record", event.record);
  PutUnlessEmpty(line, "detail", event.detail);
  if (event.discontinuities) line["discontinuities"] = *event.discontinuities;
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(const std::filesystem::path& path,
                                                         const Clock& clock, size_t room) {
  LABREC_ASSIGN_OR_RETURN(AuditFile file, AuditFile::Open(path));
  return std::unique_ptr<AuditLog>(new AuditLog(std::move(file), clock, room));
}

AuditLog::AuditLog(AuditFile file, const Clock& clock, size_t room)
    : file_(std::move(file)), clock_(clock), room_(room), thread_([this] { Run(); }) {}

AuditLog::~AuditLog() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void AuditLog::Reopen() {
  {
    const std::lock_guard lock(mutex_);
    reopen_ = true;
  }
  changed_.notify_one();
}

absl::Status AuditLog::Append(const AuditEvent& event, Durability durability) {
  std::promise<absl::Status> written;
  AppendLater(event, durability, [&written](const absl::Status& status) { written.set_value(status); });
  return written.get_future().get();
}

void AuditLog::AppendLater(const AuditEvent& event, Durability durability, Then then) {
  Line line{TextOf(event, clock_.NowMillis()), durability, std::move(then)};
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < room_) {
      waiting_.push_back(std::move(line));
      changed_.notify_one();
      return;
    }
  }
  line.then(absl::UnavailableError(
      absl::StrCat("audit log: ", room_, " lines wait for its disk already; see to it, then try again")));
}

void AuditLog::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return closing_ || reopen_ || !waiting_.empty(); });
    if (closing_ && waiting_.empty()) return;
    reopen_ = false;
    const std::deque<Line> lines = std::exchange(waiting_, {});
    lock.unlock();
    WriteAll(lines);
    lock.lock();
  }
}

void AuditLog::WriteAll(const std::deque<Line>& lines) {
  const absl::Status open = file_.Follow(Timestamp(clock_.NowMillis()));
  if (!open.ok()) spdlog::error("{}", std::string(open.message()));
  std::vector<absl::Status> written;
  written.reserve(lines.size());
  bool sync = false;
  for (const Line& line : lines) {
    written.push_back(open.ok() ? file_.Append(line.text) : open);
    sync = sync || line.durability == Durability::kSync;
  }
  const absl::Status synced = sync ? file_.Sync() : absl::OkStatus();
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].durability == Durability::kSync) written[i].Update(synced);
    lines[i].then(written[i]);
  }
}

std::string Timestamp(int64_t unix_ms) {
  const auto seconds = static_cast<time_t>(unix_ms / 1000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, unix_ms % 1000);
}

}  // namespace labrec::recovery

#include "recovery/realm/audit_log.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <future>
#include <utility>
#include <vector>

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

std::string TextOf(const AuditEvent& event, int64_t now_ms) {
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

// O_NONBLOCK: a named pipe in the file's place is not waited for.
absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(const std::filesystem::path& path,
                                                         const Clock& clock, size_t room) {
  const int fd =
      open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (fd < 0) return Failed(path.c_str());
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0) {
    absl::Status failed = Failed(path.c_str());
    close(fd);
    return failed;
  }
  return std::unique_ptr<AuditLog>(new AuditLog(fd, clock, room));
}

AuditLog::AuditLog(int fd, const Clock& clock, size_t room)
    : fd_(fd), clock_(clock), room_(room), thread_([this] { Run(); }) {}

AuditLog::~AuditLog() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_one();
  thread_.join();
  close(fd_);
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
    changed_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const std::deque<Line> lines = std::exchange(waiting_, {});
    lock.unlock();
    WriteAll(lines);
    lock.lock();
  }
}

void AuditLog::WriteAll(const std::deque<Line>& lines) {
  std::vector<absl::Status> written;
  bool sync = false;
  for (const Line& line : lines) {
    written.push_back(Write(line.text));
    sync = sync || line.durability == Durability::kSync;
  }
  const absl::Status synced = !sync || fdatasync(fd_) == 0 ? absl::OkStatus() : Failed("fdatasync");
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].durability == Durability::kSync) written[i].Update(synced);
    lines[i].then(written[i]);
  }
}

// A line that was cut by a full disk ends there, so that the next one is whole.
absl::Status AuditLog::Write(const std::string& text) {
  const std::string bytes = torn_ ? "\n" + text : text;
  const ssize_t put = write(fd_, bytes.data(), bytes.size());
  if (put == static_cast<ssize_t>(bytes.size())) {
    torn_ = false;
    return absl::OkStatus();
  }
  torn_ = torn_ || put > 0;
  return Failed("write");
}

std::string Timestamp(int64_t unix_ms) {
  const auto seconds = static_cast<time_t>(unix_ms / 1000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, unix_ms % 1000);
}

}  // namespace labrec::recovery

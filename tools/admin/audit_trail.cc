#include "tools/admin/audit_trail.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/json.h"

namespace labrec::admin {
namespace {

constexpr size_t kLongestLine = 1U << 16;         // of a longer one only so much is looked at
constexpr uint64_t kImplausible = 1'000'000'000;  // no operator accepts so often

absl::Status Unreadable(const std::filesystem::path& audit_log) {
  return absl::UnavailableError(
      absl::StrCat(audit_log.string(), ": is no file that can be read; move it away"));
}

}  // namespace

std::string AcceptDetail(const AcceptReport& report, const AcceptRequest& request) {
  const recovery::ReanchorReport& rebuilt = report.rebuilt;
  return absl::StrCat("epoch ", rebuilt.epoch, ", rows ", rebuilt.rows, ", left out ", rebuilt.left_out,
                      ", not vouched for ", report.rows.unvouched,
                      request.take_unvouched ? " (taken all the same)" : "", ", discarded ",
                      report.rows.discarded, ", at most ", request.reanchor_floor, " guesses left");
}

uint64_t DiscontinuitiesIn(std::string_view audit_line) {
  const auto line = ParseJson(audit_line);
  if (!line.is_object() || line.value("event", nlohmann::json()) != std::string(kAcceptEvent) + "_done") {
    return 0;
  }
  const auto number = line.find("discontinuities");
  if (number == line.end() || !number->is_number_unsigned()) return 0;
  const auto known = number->get<uint64_t>();
  return known < kImplausible ? known : 0;
}

absl::StatusOr<uint64_t> KnownDiscontinuities(const std::filesystem::path& audit_log) {
  const int fd = open(audit_log.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0 && errno == ENOENT) return 0;
  const absl::Cleanup close_fd = [fd] { close(fd); };
  struct stat found {};
  if (fd < 0 || fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) return Unreadable(audit_log);
  uint64_t highest = 0;
  std::string line;
  char part[4096];
  ssize_t got = 0;
  while ((got = read(fd, part, sizeof part)) > 0) {
    for (const char byte : std::string_view(part, static_cast<size_t>(got))) {
      if (byte != '\n') {
        if (line.size() < kLongestLine) line += byte;
        continue;
      }
      highest = std::max(highest, DiscontinuitiesIn(line));
      line.clear();
    }
  }
  if (got < 0) return Unreadable(audit_log);
  return std::max(highest, DiscontinuitiesIn(line));
}

}  // namespace labrec::admin

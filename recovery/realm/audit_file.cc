#include "recovery/realm/audit_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "hsm/base/text/json.h"
#include "recovery/realm/audit_chain.h"

namespace labrec::recovery {
namespace {

absl::Status Failed(const char* what) {
  return absl::UnavailableError(
      absl::StrCat("audit log: ", what, ": ", std::strerror(errno), "; see to its disk, then try again"));
}

bool SameTime(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

}  // namespace

absl::StatusOr<AuditFile> AuditFile::Open(std::filesystem::path path) {
  AuditFile file;
  file.path_ = std::move(path);
  LABREC_RETURN_IF_ERROR(file.OpenFile());
  LABREC_RETURN_IF_ERROR(file.ReadChain());
  file.NoteOwn();
  return file;
}

AuditFile::~AuditFile() {
  if (fd_ >= 0) close(fd_);
}

void AuditFile::Swap(AuditFile& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(regular_, other.regular_);
  std::swap(seen_, other.seen_);
  std::swap(torn_, other.torn_);
  std::swap(head_, other.head_);
  std::swap(discontinuities_, other.discontinuities_);
}

// O_NONBLOCK: a named pipe in the file's place is not waited for.
absl::Status AuditFile::OpenFile() {
  const int fd =
      open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (fd < 0) return Failed(path_.c_str());
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0 || fstat(fd, &seen_) != 0) {
    absl::Status failed = Failed(path_.c_str());
    close(fd);
    return failed;
  }
  fd_ = fd;
  regular_ = S_ISREG(seen_.st_mode);
  torn_ = false;
  return absl::OkStatus();
}

// Goes on after the last line, whatever is wrong with those before it.
absl::Status AuditFile::ReadChain() {
  if (!regular_ || seen_.st_size == 0) return absl::OkStatus();
  AuditChain chain;
  LABREC_RETURN_IF_ERROR(chain.Read(path_));
  head_ = chain.head();
  torn_ = !chain.ends_whole();
  discontinuities_ = std::max(discontinuities_, chain.discontinuities());
  if (chain.problem_count() > 0) {
    spdlog::error(
        "audit log: {} of its lines were edited, added or taken away, the first: {}; "
        "\"labyrinth-admin audit verify\" names them",
        chain.problem_count(), chain.problems().front());
  }
  return absl::OkStatus();
}

bool AuditFile::IsInItsPlace() const {
  struct stat found {};
  if (fd_ < 0) return false;
  if (!regular_) return true;
  return lstat(path_.c_str(), &found) == 0 && found.st_dev == seen_.st_dev && found.st_ino == seen_.st_ino;
}

absl::Status AuditFile::Follow(const std::string& time) {
  if (IsInItsPlace()) {
    LookForOthers();
    return absl::OkStatus();
  }
  if (fd_ >= 0) close(std::exchange(fd_, -1));
  const Digest last = head_;
  LABREC_RETURN_IF_ERROR(OpenFile());
  if (absl::Status read = ReadChain(); !read.ok()) {
    close(std::exchange(fd_, -1));
    return read;
  }
  const bool goes_on = regular_ && seen_.st_size > 0 && head_ == last;
  NoteOwn();
  spdlog::info("audit log: {} was moved away or replaced, and {}", path_.string(),
               goes_on ? "goes on where it ended" : "a new one begins");
  if (goes_on) return absl::OkStatus();
  head_ = last;
  return Begin(time);
}

absl::Status AuditFile::Begin(const std::string& time) {
  nlohmann::ordered_json line = {
      {"time", time}, {"event", kAuditBegins}, {"actor", "daemon"}, {"follows", Hex(head_)}};
  if (discontinuities_ > 0) line["discontinuities"] = discontinuities_;
  return Append(JsonText(line));
}

// What is not the size and time that the last line left is another hand's.
void AuditFile::LookForOthers() {
  struct stat found {};
  if (!regular_ || fstat(fd_, &found) != 0) return;
  if (found.st_size != seen_.st_size || !SameTime(found.st_mtim, seen_.st_mtim)) {
    spdlog::error("audit log: {} was changed by somebody else; \"labyrinth-admin audit verify\" says where",
                  path_.string());
  }
  seen_ = found;
}

void AuditFile::NoteOwn() {
  if (regular_) fstat(fd_, &seen_);
}

// A line that was cut by a full disk ends there, so that the next one is whole.
absl::Status AuditFile::Append(const std::string& object) {
  if (fd_ < 0) return absl::UnavailableError("audit log: it is not open; see to its disk, then try again");
  Digest next = head_;
  std::string bytes = LinkAuditLine(object, next);
  if (torn_) bytes.insert(0, 1, '\n');
  const ssize_t put = write(fd_, bytes.data(), bytes.size());
  const bool whole = put == static_cast<ssize_t>(bytes.size());
  const absl::Status written = whole ? absl::OkStatus() : Failed("write");
  torn_ = whole ? false : torn_ || put > 0;
  if (put + 1 >= static_cast<ssize_t>(bytes.size())) head_ = next;  // a line lacks its end at most
  discontinuities_ = std::max(discontinuities_, DiscontinuitiesIn(object));
  NoteOwn();
  return written;
}

absl::Status AuditFile::Sync() {
  return fd_ >= 0 && fdatasync(fd_) == 0 ? absl::OkStatus() : Failed("fdatasync");
}

}  // namespace labrec::recovery

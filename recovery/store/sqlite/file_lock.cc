#include "recovery/store/sqlite/file_lock.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace labrec::recovery {
namespace {

// "process 123", or "another process" where the holder has not written its number yet.
std::string Holder(int descriptor) {
  char text[16];
  const ssize_t size = pread(descriptor, text, sizeof text, 0);
  int process = 0;
  std::string number(text, size > 0 ? static_cast<size_t>(size) : 0);
  absl::StripTrailingAsciiWhitespace(&number);
  if (!absl::SimpleAtoi(number, &process)) return "another process";
  return process == getpid() ? "this process already" : absl::StrCat("process ", process);
}

}  // namespace

absl::StatusOr<FileLock> FileLock::Take(const std::filesystem::path& path) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0)
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot open lock file ", path.string()));
  FileLock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return absl::ErrnoToStatus(errno, absl::StrCat("cannot lock ", path.string()));
    return absl::FailedPreconditionError(absl::StrCat("the database is open in ", Holder(descriptor), " (",
                                                      path.string(), " is locked): stop it first"));
  }
  // Who has it is for a message only: on a full disk it stays unsaid.
  const std::string number = absl::StrCat(getpid(), "\n");
  const ssize_t put = pwrite(descriptor, number.data(), number.size(), 0);
  if (ftruncate(descriptor, std::max<off_t>(put, 0)) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write lock file ", path.string()));
  }
  return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}
FileLock::~FileLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace labrec::recovery

// The system calls by which a simulated thread changes or reads files of the simulated disk, taken over:
// SQLite's own and those of the store beside it. They are done for real, on a folder in memory; here the disk
// is told, time passes, faults happen, and a dying process stops having an effect.

#include <cerrno>
#include <cstdarg>
#include <cstdint>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/simulation/world/real_calls.h"
#include "tests/simulation/world/universe.h"

using labrec::ByteView;
using labrec::sim::IoFault;
using labrec::sim::Process;
using labrec::sim::Real;
using labrec::sim::Trace;
using labrec::sim::Universe;

#define LABREC_TAKEN_OVER __attribute__((visibility("default")))

namespace {

constexpr int64_t kWriteNanos = 8'000;
constexpr int64_t kSyncNanos = 150'000;

// The universe, if this descriptor is a file of its disk.
Universe* Of(int fd) {
  Universe* universe = Universe::Mine();
  return universe != nullptr && universe->disk().Has(fd) ? universe : nullptr;
}

int Fail(int error) {
  errno = error;
  return -1;
}

int OpenReally(const char* path, int flags, mode_t mode) {
  static const auto real = Real<int (*)(const char*, int, ...)>("open64");
  return real(path, flags | O_LARGEFILE, mode);
}

int Open(const char* path, int flags, mode_t mode) {
  Universe* universe = Universe::Mine();
  if (universe == nullptr || !universe->disk().Keeps(path)) return OpenReally(path, flags, mode);
  const Process* process = universe->Caller();
  if (process != nullptr && process->dead && (flags & O_CREAT) != 0) return Fail(EIO);
  const int fd = OpenReally(path, flags, mode);
  if (fd >= 0) universe->disk().Opened(fd, path);
  return fd;
}

ssize_t WriteReally(int fd, const void* data, size_t size, off_t at) {
  static const auto real = Real<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite64");
  return real(fd, data, size, at);
}

ssize_t Write(Universe& universe, int fd, const void* data, size_t size, off_t at) {
  Process* process = universe.Caller();
  const ByteView bytes(static_cast<const uint8_t*>(data), size);
  const uint64_t step = universe.BeginStep(process, "write", static_cast<uint64_t>(at), Trace::HashOf(bytes));
  if (step == 0) return Fail(EIO);
  universe.scheduler().Sleep(kWriteNanos);
  if (process != nullptr && process->dead) return Fail(EIO);
  const IoFault fault =
      universe.Draw(process, {IoFault::kWriteError, IoFault::kNoSpace, IoFault::kShortWrite});
  if (fault == IoFault::kWriteError) return Fail(EIO);
  if (fault == IoFault::kNoSpace || (process != nullptr && process->no_space)) return Fail(ENOSPC);
  if (fault == IoFault::kShortWrite && size > 1) {
    size = process->dice.Between(1, size - 1);
    process->no_space = process->dice.Chance(500);
  }
  const ssize_t written = WriteReally(fd, data, size, at);
  if (written > 0) universe.disk().Wrote(fd, at, bytes.first(static_cast<size_t>(written)));
  universe.EndStep(process, step);
  return written;
}

int Sync(Universe& universe, int fd) {
  Process* process = universe.Caller();
  const uint64_t step = universe.BeginStep(process, "sync");
  if (step == 0) return Fail(EIO);
  // It covers what was written when it began; others may write while it goes on.
  const IoFault fault = universe.Draw(process, {IoFault::kSyncError, IoFault::kMetadataError});
  if (fault == IoFault::kNone) {
    universe.disk().Synced(fd);
  } else {
    universe.disk().SyncFailed(fd);
    if (!universe.disk().IsFolder(fd)) process->sync_failed = true;
  }
  universe.scheduler().Sleep(kSyncNanos);
  universe.EndStep(process, step);
  if (fault == IoFault::kNone) return 0;
  return Fail(fault == IoFault::kSyncError ? EIO : ENOSPC);
}

int Truncate(Universe& universe, int fd, off_t size) {
  static const auto real = Real<int (*)(int, off_t)>("ftruncate64");
  Process* process = universe.Caller();
  const uint64_t step = universe.BeginStep(process, "truncate", static_cast<uint64_t>(size));
  if (step == 0) return Fail(EIO);
  if (universe.Draw(process, {IoFault::kTruncateError}) != IoFault::kNone) return Fail(EIO);
  const int result = real(fd, size);
  if (result == 0) universe.disk().Truncated(fd, size);
  universe.EndStep(process, step);
  return result;
}

bool ReadFails(int fd) {
  Universe* universe = Of(fd);
  if (universe == nullptr) return false;
  universe->scheduler().MayPreempt();
  return universe->Draw(universe->Caller(), {IoFault::kReadError}) != IoFault::kNone;
}

mode_t ModeOf(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) == 0 ? 0 : static_cast<mode_t>(va_arg(arguments, int));
}

}  // namespace

extern "C" {

LABREC_TAKEN_OVER int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  return Open(path, flags, mode);
}
LABREC_TAKEN_OVER int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  return Open(path, flags, mode);
}

LABREC_TAKEN_OVER int close(int fd) {
  static const auto real = Real<int (*)(int)>("close");
  if (Universe* universe = Of(fd)) universe->disk().Closed(fd);
  return real(fd);
}

LABREC_TAKEN_OVER ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  if (Universe* universe = Of(fd)) return Write(*universe, fd, data, size, at);
  return WriteReally(fd, data, size, at);
}
LABREC_TAKEN_OVER ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  return pwrite64(fd, data, size, at);
}

LABREC_TAKEN_OVER ssize_t pread64(int fd, void* data, size_t size, off64_t at) {
  static const auto real = Real<ssize_t (*)(int, void*, size_t, off_t)>("pread64");
  if (ReadFails(fd)) return Fail(EIO);
  return real(fd, data, size, at);
}
LABREC_TAKEN_OVER ssize_t pread(int fd, void* data, size_t size, off_t at) {
  return pread64(fd, data, size, at);
}

LABREC_TAKEN_OVER int fsync(int fd) {
  static const auto real = Real<int (*)(int)>("fsync");
  if (Universe* universe = Of(fd)) return Sync(*universe, fd);
  return real(fd);
}
LABREC_TAKEN_OVER int fdatasync(int fd) {
  static const auto real = Real<int (*)(int)>("fdatasync");
  if (Universe* universe = Of(fd)) return Sync(*universe, fd);
  return real(fd);
}

LABREC_TAKEN_OVER int ftruncate64(int fd, off64_t size) noexcept {
  static const auto real = Real<int (*)(int, off_t)>("ftruncate64");
  if (Universe* universe = Of(fd)) return Truncate(*universe, fd, size);
  return real(fd, size);
}
LABREC_TAKEN_OVER int ftruncate(int fd, off_t size) noexcept {
  return ftruncate64(fd, size);
}

LABREC_TAKEN_OVER int unlink(const char* path) noexcept {
  static const auto real = Real<int (*)(const char*)>("unlink");
  Universe* universe = Universe::Mine();
  if (universe == nullptr || !universe->disk().Keeps(path)) return real(path);
  Process* process = universe->Caller();
  const uint64_t step = universe->BeginStep(process, "unlink");
  if (step == 0) return 0;
  const int result = real(path);
  if (result == 0) universe->disk().Removed(path);
  universe->EndStep(process, step);
  return result;
}

}  // extern "C"

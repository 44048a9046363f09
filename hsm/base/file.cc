#include "hsm/base/file.h"

#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/encoding.h"
#include "hsm/base/private_access.h"
#include "hsm/base/status_macros.h"

namespace labrec {
namespace {

// A file descriptor that closes itself.
class OwnedFd {
 public:
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(const OwnedFd&) = delete;
  OwnedFd& operator=(const OwnedFd&) = delete;
  ~OwnedFd() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }

 private:
  int fd_;
};

absl::Status SystemError(std::string_view what, const std::filesystem::path& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat(AbslView(what), " ", path.string()));
}

absl::Status ReadInto(int fd, std::span<uint8_t> buffer, const std::filesystem::path& path) {
  size_t done = 0;
  while (done < buffer.size()) {
    const ssize_t got = read(fd, buffer.data() + done, buffer.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError("cannot read", path);
    if (got == 0)
      return absl::DataLossError(absl::StrCat(path.string(), " became shorter while it was read"));
    done += static_cast<size_t>(got);
  }
  return absl::OkStatus();
}

// Without O_NONBLOCK, opening a named pipe would wait for a writer; to a regular file it makes no difference.
constexpr int kReadFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;

absl::StatusOr<size_t> SizeWithin(int fd, size_t limit, const std::filesystem::path& path,
                                  struct stat& info) {
  if (fstat(fd, &info) != 0) return SystemError("cannot inspect", path);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path.string(), " is not a regular file"));
  }
  if (static_cast<size_t>(info.st_size) > limit) {
    return absl::InvalidArgumentError(absl::StrCat(path.string(), " has ", info.st_size,
                                                   " bytes, more than the ", limit, " expected at most"));
  }
  return static_cast<size_t>(info.st_size);
}

// Of UTF-8, or of UTF-16 text; a value of random bytes begins like the latter once in eight million times.
bool HasByteOrderMark(ByteView text) {
  const auto at = [text](size_t i) { return i < text.size() ? text[i] : 0xAA; };
  return (at(0) == 0xEF && at(1) == 0xBB && at(2) == 0xBF) ||
         (at(0) == 0xFF && at(1) == 0xFE && at(3) == 0) || (at(0) == 0xFE && at(1) == 0xFF && at(2) == 0);
}

absl::Status WriteAll(int fd, ByteView content, const std::filesystem::path& path) {
  size_t done = 0;
  while (done < content.size()) {
    const ssize_t put = write(fd, content.data() + done, content.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return SystemError("cannot write", path);
    done += static_cast<size_t>(put);
  }
  if (fsync(fd) != 0) return SystemError("cannot make durable", path);
  return absl::OkStatus();
}

// A file system that cannot sync folders says so by EINVAL or ENOTSUP, and has nothing to make up for it.
absl::Status SyncFolder(const std::filesystem::path& folder) {
  const OwnedFd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.ok() && (fsync(fd.get()) == 0 || errno == EINVAL || errno == ENOTSUP)) return absl::OkStatus();
  return SystemError("cannot make durable", folder);
}

std::filesystem::path FolderOf(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : ".";
}

// A name may have 255 bytes, with what is added to it.
std::filesystem::path TemporaryBeside(const std::filesystem::path& path) {
  return FolderOf(path) /
         absl::StrCat(path.filename().string().substr(0, 200), ".new-", Hex(SecretBytes::Random(6).view()));
}

absl::Status WriteNew(const std::filesystem::path& path, ByteView content, unsigned mode) {
  const OwnedFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd.ok()) return SystemError("cannot create", path);
  // open's mode is narrowed by the umask.
  absl::Status written = fchmod(fd.get(), mode) == 0 ? WriteAll(fd.get(), content, path)
                                                     : SystemError("cannot set the mode of", path);
  if (!written.ok()) unlink(path.c_str());
  return written;
}

// Whether it failed as the file system, or the kernel, does not know such a call.
bool IsNotOffered(int error) {
  return error == EPERM || error == EINVAL || error == ENOSYS || error == EOPNOTSUPP || error == EMLINK;
}

// Without either call the name is claimed by an empty file, and that is replaced.
bool ClaimAndReplace(const std::filesystem::path& temporary, const std::filesystem::path& path) {
  const OwnedFd claim(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!claim.ok()) return false;
  if (rename(temporary.c_str(), path.c_str()) == 0) return true;
  const int why = errno;
  unlink(path.c_str());
  errno = why;
  return false;
}

// What is no file (a device, a pipe, or a link to one, as /dev/stdout is) would be gone, for everybody who
// uses it.
absl::Status CheckReplaceable(const std::filesystem::path& path) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) {
    return errno == ENOENT ? absl::OkStatus() : SystemError("cannot create", path);
  }
  if (S_ISREG(found.st_mode)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(path.string(), " is there and is no regular file: name another one"));
}

absl::Status Replace(const std::filesystem::path& temporary, const std::filesystem::path& path) {
  LABREC_RETURN_IF_ERROR(CheckReplaceable(path));
  return rename(temporary.c_str(), path.c_str()) == 0 ? absl::OkStatus() : SystemError("cannot create", path);
}

}  // namespace

absl::StatusOr<Bytes> ReadFile(const std::filesystem::path& path, size_t limit) {
  const OwnedFd fd(open(path.c_str(), kReadFlags));
  if (!fd.ok()) return SystemError("cannot open", path);
  struct stat info {};
  LABREC_ASSIGN_OR_RETURN(const size_t size, SizeWithin(fd.get(), limit, path, info));
  Bytes content(size);
  LABREC_RETURN_IF_ERROR(ReadInto(fd.get(), content, path));
  return content;
}

absl::StatusOr<SecretBytes> ReadSecretFile(const std::filesystem::path& path, size_t limit) {
  const OwnedFd fd(open(path.c_str(), kReadFlags));
  if (!fd.ok()) return SystemError("cannot open", path);
  struct stat info {};
  LABREC_ASSIGN_OR_RETURN(const size_t size, SizeWithin(fd.get(), limit, path, info));
  if (!IsPrivate(fd.get()) && !IsPrivateCredential(path)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path.string(), " holds a secret but other users may access it; run: chmod 600 ",
                     path.string(), ", or give one user alone the right to read it (setfacl)"));
  }
  SecretBytes content = SecretBytes::OfSize(size);
  LABREC_RETURN_IF_ERROR(ReadInto(fd.get(), content.mutable_view(), path));
  return content;
}

absl::StatusOr<SecretBytes> ReadSecretLine(const std::filesystem::path& path, size_t limit) {
  const auto slip = [&path](std::string_view what) {
    return absl::FailedPreconditionError(
        absl::StrCat(path.string(), ": ", AbslView(what), "; write one line of plain text there"));
  };
  LABREC_ASSIGN_OR_RETURN(const SecretBytes content, ReadSecretFile(path, limit + 2));
  ByteView line = content.view();
  if (HasByteOrderMark(line)) return slip("begins with a byte order mark");
  if (!line.empty() && line.back() == '\n') {
    line = line.first(line.size() - 1);
    if (!line.empty() && line.back() == '\r') line = line.first(line.size() - 1);
  }
  if (line.empty()) return slip("holds nothing");
  if (line.back() == '\n' || line.back() == '\r') return slip("ends with more than one line end");
  if (line.size() > limit) return slip(absl::StrCat("holds more than ", limit, " bytes"));
  return SecretBytes::CopyOf(line);
}

absl::Status MoveToNewName(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return absl::OkStatus();
  if (IsNotOffered(errno) && link(from.c_str(), to.c_str()) == 0) {
    unlink(from.c_str());
    return absl::OkStatus();
  }
  if (IsNotOffered(errno) && ClaimAndReplace(from, to)) return absl::OkStatus();
  return SystemError("cannot create", to);
}

absl::Status WriteFile(const std::filesystem::path& path, ByteView content, unsigned mode,
                       Overwrite overwrite) {
  const std::filesystem::path temporary = TemporaryBeside(path);
  if (const absl::Status written = WriteNew(temporary, content, mode); !written.ok()) {
    return absl::Status(written.code(),
                        absl::StrCat("cannot write ", path.string(), ": ", written.message()));
  }
  const absl::Status moved =
      overwrite == Overwrite::kReplace ? Replace(temporary, path) : MoveToNewName(temporary, path);
  if (!moved.ok()) unlink(temporary.c_str());
  LABREC_RETURN_IF_ERROR(moved);
  return SyncFolder(FolderOf(path));
}

absl::Status TryToWrite(const std::filesystem::path& path, size_t size) {
  const std::filesystem::path temporary = TemporaryBeside(path);
  const absl::Status written = WriteNew(temporary, Bytes(size), 0600);
  if (written.ok()) unlink(temporary.c_str());
  if (!written.ok()) {
    return absl::Status(written.code(),
                        absl::StrCat("cannot write ", path.string(), ": ", written.message()));
  }
  return CheckReplaceable(path);
}

}  // namespace labrec

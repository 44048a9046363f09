#include "hsm/base/file.h"

#include <cerrno>

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

absl::Status SyncFolder(const std::filesystem::path& folder) {
  const OwnedFd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok() || fsync(fd.get()) != 0) return SystemError("cannot make durable", folder);
  return absl::OkStatus();
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

absl::Status WriteFile(const std::filesystem::path& path, ByteView content, unsigned mode,
                       Overwrite overwrite) {
  const std::string suffix = Hex(SecretBytes::Random(6).view());
  const std::filesystem::path temporary = path.string() + ".new-" + suffix;
  {
    const OwnedFd fd(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!fd.ok()) return SystemError("cannot create", temporary);
    // open's mode is narrowed by the umask.
    absl::Status written = fchmod(fd.get(), mode) == 0 ? WriteAll(fd.get(), content, temporary)
                                                       : SystemError("cannot set the mode of", temporary);
    if (!written.ok()) {
      unlink(temporary.c_str());
      return written;
    }
  }
  // link refuses an existing name, rename replaces it; both are atomic.
  const int moved = overwrite == Overwrite::kReplace ? rename(temporary.c_str(), path.c_str())
                                                     : link(temporary.c_str(), path.c_str());
  const absl::Status outcome = moved == 0 ? absl::OkStatus() : SystemError("cannot create", path);
  if (overwrite == Overwrite::kRefuse || moved != 0) unlink(temporary.c_str());
  LABREC_RETURN_IF_ERROR(outcome);
  return SyncFolder(path.has_parent_path() ? path.parent_path() : ".");
}

}  // namespace labrec

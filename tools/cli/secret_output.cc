#include "tools/cli/secret_output.h"

#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/file.h"

namespace labrec::cli {
namespace {

constexpr size_t kMostSecretBytes = 1024;

absl::Status CheckStandardOutput(bool json) {
  if (json) {
    return absl::InvalidArgumentError(
        "--json takes standard output: name a file for the secret with --output");
  }
  if (isatty(STDOUT_FILENO) != 0) {
    return absl::InvalidArgumentError(
        "standard output is a terminal, where the secret would stay readable: use --output FILE, or a pipe");
  }
  const int flags = fcntl(STDOUT_FILENO, F_GETFL);
  if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY) return absl::OkStatus();
  return absl::InvalidArgumentError("standard output is closed: use --output FILE, or a pipe");
}

absl::Status CheckFile(const std::filesystem::path& file) {
  std::error_code error;
  const std::filesystem::file_status found = std::filesystem::symlink_status(file, error);
  if (std::filesystem::exists(found)) {
    const char* const instead =
        std::filesystem::is_regular_file(found)
            ? "name a new file with --output"
            : "name a new file with --output, or leave it out and redirect standard output";
    return absl::InvalidArgumentError(absl::StrCat(file.string(), " is there already: ", instead));
  }
  if (!file.has_filename()) {
    return absl::InvalidArgumentError(
        absl::StrCat(file.string(), " names a folder: name a file in it with --output"));
  }
  if (file.has_parent_path() && !std::filesystem::is_directory(file.parent_path(), error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the folder of ", file.string(), " does not exist: make it first"));
  }
  const absl::Status tried = TryToWrite(file, kMostSecretBytes);
  if (tried.ok()) return tried;
  return absl::InvalidArgumentError(
      absl::StrCat("--output: ", tried.message(), "; name a file that can be written"));
}

}  // namespace

absl::Status CheckSecretOutput(const std::string& path, bool json) {
  return path.empty() ? CheckStandardOutput(json) : CheckFile(path);
}

absl::Status WriteSecret(const std::string& path, const SecretBytes& secret) {
  if (!path.empty()) return WriteFile(path, secret.view(), 0600, Overwrite::kRefuse);
  ByteView rest = secret.view();
  while (!rest.empty()) {
    const ssize_t count = write(STDOUT_FILENO, rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {
      pollfd room{STDOUT_FILENO, POLLOUT, 0};
      poll(&room, 1, -1);
      continue;
    }
    if (count < 0) return absl::ErrnoToStatus(errno, "writing the secret to standard output");
    rest = rest.subspan(static_cast<size_t>(count));
  }
  return absl::OkStatus();
}

bool OthersMayRead(const std::string& path) {
  struct stat found {};
  return !path.empty() && stat(path.c_str(), &found) == 0 && (found.st_mode & 077) != 0;
}

}  // namespace labrec::cli

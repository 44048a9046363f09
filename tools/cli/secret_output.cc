#include "tools/cli/secret_output.h"

#include <cerrno>
#include <filesystem>

#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/file.h"

namespace labrec::cli {

absl::Status CheckSecretOutput(const std::string& path, bool json) {
  if (path.empty()) {
    if (json) {
      return absl::InvalidArgumentError(
          "--json takes standard output: name a file for the secret with --output");
    }
    if (isatty(STDOUT_FILENO) == 0) return absl::OkStatus();
    return absl::InvalidArgumentError(
        "standard output is a terminal, where the secret would stay readable: use --output FILE, or a pipe");
  }
  std::error_code error;
  const std::filesystem::path file(path);
  if (std::filesystem::exists(std::filesystem::symlink_status(file, error))) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is there already: name a new file with --output"));
  }
  if (file.has_parent_path() && !std::filesystem::is_directory(file.parent_path(), error)) {
    return absl::InvalidArgumentError(absl::StrCat("the folder of ", path, " does not exist: make it first"));
  }
  return absl::OkStatus();
}

absl::Status WriteSecret(const std::string& path, const SecretBytes& secret) {
  if (!path.empty()) return WriteFile(path, secret.view(), 0600, Overwrite::kRefuse);
  ByteView rest = secret.view();
  while (!rest.empty()) {
    const ssize_t count = write(STDOUT_FILENO, rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return absl::ErrnoToStatus(errno, "writing the secret to standard output");
    rest = rest.subspan(static_cast<size_t>(count));
  }
  return absl::OkStatus();
}

}  // namespace labrec::cli

#pragma once

#include <filesystem>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/secret_bytes.h"

namespace labrec {

// The whole file. NOT_FOUND if it is not there, otherwise the error of the system call with the path;
// INVALID_ARGUMENT above `limit` bytes.
absl::StatusOr<Bytes> ReadFile(const std::filesystem::path& path, size_t limit = 16U << 20);

// As ReadFile, into locked memory. FAILED_PRECONDITION if group or others may read or write the file:
// a secret file has mode 0600 or 0400.
absl::StatusOr<SecretBytes> ReadSecretFile(const std::filesystem::path& path, size_t limit = 1U << 20);

enum class Overwrite { kRefuse, kReplace };

// Writes the file so that after a crash it is either whole or not there: temporary file, fsync, rename,
// fsync of the folder. `mode` are the permission bits. ALREADY_EXISTS with Overwrite::kRefuse.
absl::Status WriteFile(const std::filesystem::path& path, ByteView content, unsigned mode,
                       Overwrite overwrite);

}  // namespace labrec

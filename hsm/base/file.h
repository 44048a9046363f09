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

// As ReadFile, into locked memory. FAILED_PRECONDITION if anybody but root and one user may read or write the
// file: it has mode 0600 or 0400, or an access control list that lets one user in (IsPrivate), or is a
// credential of systemd's (IsPrivateCredential).
absl::StatusOr<SecretBytes> ReadSecretFile(const std::filesystem::path& path, size_t limit = 1U << 20);

// A PIN or a password in such a file: all of it but one line end (LF or CRLF), of at most `limit` bytes.
// FAILED_PRECONDITION where it can only be a slip: there is nothing else, another line end follows, or a byte
// order mark stands before it.
absl::StatusOr<SecretBytes> ReadSecretLine(const std::filesystem::path& path, size_t limit);

enum class Overwrite { kRefuse, kReplace };

// Writes the file so that after a crash it is either whole or not there: temporary file, fsync, rename,
// fsync of the folder. `mode` are the permission bits. ALREADY_EXISTS with Overwrite::kRefuse.
absl::Status WriteFile(const std::filesystem::path& path, ByteView content, unsigned mode,
                       Overwrite overwrite);

}  // namespace labrec

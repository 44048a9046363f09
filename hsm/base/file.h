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
// fsync of the folder. `mode` are the permission bits, as far as the file system keeps any (FAT does not).
// ALREADY_EXISTS with Overwrite::kRefuse; INVALID_ARGUMENT where something that is no regular file would be
// replaced. Where a file system has neither hard links nor renames that replace nothing, a crash may leave
// kRefuse's file empty.
absl::Status WriteFile(const std::filesystem::path& path, ByteView content, unsigned mode,
                       Overwrite overwrite);

// Gives a file that is written and synced its name, unless that is taken: ALREADY_EXISTS. As WriteFile does.
absl::Status MoveToNewName(const std::filesystem::path& from, const std::filesystem::path& to);

// Whether `size` bytes could be written to that path now, by making another file there and removing it: for
// outputs that come late, behind a question or an effort. WriteFile's errors. Whether the name is taken by a
// file is not asked.
absl::Status TryToWrite(const std::filesystem::path& path, size_t size);

}  // namespace labrec

#pragma once

#include <string>

#include "absl/status/status.h"

#include "hsm/base/secret_bytes.h"

namespace labrec::cli {

// Where a recovered secret goes: a new file of mode 0600, or standard output if `path` is empty.
//
// Whether it can go there, to be asked before a PIN is: INVALID_ARGUMENT if standard output is a terminal,
// closed or taken (`json`), if the file exists or its folder does not, or if a trial file cannot be written
// beside it: no right, no room, a file system that is read-only.
absl::Status CheckSecretOutput(const std::string& path, bool json);
absl::Status WriteSecret(const std::string& path, const SecretBytes& secret);
// Whether the file system of what was written keeps no modes and lets others read it.
bool OthersMayRead(const std::string& path);

}  // namespace labrec::cli

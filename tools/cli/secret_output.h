#pragma once

#include <string>

#include "absl/status/status.h"

#include "hsm/base/secret_bytes.h"

namespace labrec::cli {

// Where a recovered secret goes: a new file of mode 0600, or standard output if `path` is empty.
//
// Whether it can go there, to be asked before a PIN is: INVALID_ARGUMENT if standard output is a terminal or
// is taken (`json`), or if the file exists or its folder does not.
absl::Status CheckSecretOutput(const std::string& path, bool json);
absl::Status WriteSecret(const std::string& path, const SecretBytes& secret);

}  // namespace labrec::cli

#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"

namespace labrec::cli {

// Where PINs come from: the terminal, or lines of standard input.
enum class PinSource { kTerminal, kStandardInput };

// One PIN, its bytes as typed (UTF-8 from a terminal; nothing is normalised), without the end of line. On a
// terminal it is asked for with `prompt`, and not echoed. INVALID_ARGUMENT if it is empty or longer than 1024
// bytes; FAILED_PRECONDITION if there is no terminal; CANCELLED after Ctrl-C.
absl::StatusOr<SecretBytes> ReadPin(PinSource source, const std::string& prompt);

// A PIN to be set. A terminal is asked twice: INVALID_ARGUMENT if the answers differ. Standard input is read
// once.
absl::StatusOr<SecretBytes> ReadNewPin(PinSource source, const std::string& prompt);

}  // namespace labrec::cli

#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"

namespace labrec::cli {

// Where PINs come from: the terminal, or lines of standard input.
enum class PinSource { kTerminal, kStandardInput };

// One PIN, without one end of line, as NormalizePin makes it of what was typed. On a terminal it is asked for
// with `prompt`, and not echoed. INVALID_ARGUMENT where NormalizePin refuses it: nothing is to be asked of a
// realm then; FAILED_PRECONDITION if there is no terminal; CANCELLED after Ctrl-C.
absl::StatusOr<SecretBytes> ReadPin(PinSource source, const std::string& prompt);

// A PIN to be set. A terminal is asked twice: INVALID_ARGUMENT if the answers differ. Standard input is read
// once.
absl::StatusOr<SecretBytes> ReadNewPin(PinSource source, const std::string& prompt);

}  // namespace labrec::cli

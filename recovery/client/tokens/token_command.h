#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"

namespace labrec::recovery::client {

// Whether nobody needs the answer any more. Asked now and then, by whoever waits.
using Cancelled = std::function<bool()>;

// A program that prints bearer tokens: a platform's own way to sign its users in.
struct TokenCommand {
  std::vector<std::string> words;           // program and arguments; looked up in PATH as execvp(3) does
  std::chrono::milliseconds limit{30'000};  // longest run
};

// Runs the command, without a shell, with the realm's id (32 hexadecimal digits) as one more argument, and
// returns what it printed on standard output, at most 1 MiB. Its standard input is /dev/null. It has a
// process group of its own, which is killed when the time is over, when it is cancelled, or when it printed
// too much.
//
// UNAUTHENTICATED if it could not be started or did not end with 0, with the last line that it wrote to
// standard error; UNAVAILABLE if it took too long; CANCELLED. The message holds nothing of the token. Blocks;
// any thread.
absl::StatusOr<std::string> RunTokenCommand(const TokenCommand& command, ByteView realm_id,
                                            const Cancelled& cancelled);

}  // namespace labrec::recovery::client

#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace labrec::admin {

// Shows `what` on standard error and wants the word "yes" typed on the terminal. CANCELLED if something else
// is; FAILED_PRECONDITION, naming --yes, where standard input is no terminal, or --no-input
// forbids to ask.
absl::Status Confirm(std::string_view what);

}  // namespace labrec::admin

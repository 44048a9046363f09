#pragma once

#include <string>

#include "absl/status/status.h"

#include "recovery/client/outcome.h"

namespace labrec::mailbox {

// For a program that only wants to go on or stop: an outcome that brought nothing back, as a status with the
// words of labyrinth-recover. FAILED_PRECONDITION.
absl::Status NotRecovered(const recovery::client::RecoverOutcome& outcome, const std::string& record);
bool IsNotRecovered(const absl::Status& status);

}  // namespace labrec::mailbox

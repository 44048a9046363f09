#pragma once

#include <functional>
#include <memory>
#include <string>

#include "recovery/ledger/verify.h"

namespace labrec::admin {

// "12000/40000 rows, 31000 rows/s, 12.5 MB/s"
std::string ProgressText(const recovery::VerifyProgress& progress);

// Draws `what`, a bar and ProgressText on standard error, if that is a terminal.
std::function<void(const recovery::VerifyProgress&)> ShowProgress(std::string what);

}  // namespace labrec::admin

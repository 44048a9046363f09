#pragma once

#include <string>

#include "recovery/client/status.h"

namespace labrec::recover {

// What `status` says of a record before it says what each realm says: the version that a recovery would use,
// with what can be tried, or why there is none. Lines, each with its end.
std::string RecordHeading(const recovery::client::RecordStatus& status, uint32_t least_realms,
                          const std::string& record);

}  // namespace labrec::recover

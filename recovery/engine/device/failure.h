#pragma once

#include "absl/status/status.h"

namespace labrec::recovery {

// What whoever asked is told of how the device failed. A guess may have been counted by now, and the device's
// own codes would say otherwise: RESOURCE_EXHAUSTED of a TPM without a free slot would read "busy, nothing
// was done". So OK and UNAVAILABLE stay, RESOURCE_EXHAUSTED is UNAVAILABLE in the realm's own words, and all
// else is INTERNAL without details, which are the operator's matter.
absl::Status ForCaller(const absl::Status& status);

}  // namespace labrec::recovery

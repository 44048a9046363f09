#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "hsm/open_device.h"

namespace labrec::hsm::tpm2 {

inline constexpr char kScheme[] = "tpm2:";

// What follows "tpm2:". INVALID_ARGUMENT for another scheme, or if nothing follows.
absl::StatusOr<std::string> TctiOf(const DeviceAddress& address);

}  // namespace labrec::hsm::tpm2

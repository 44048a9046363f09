#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"
#include "hsm/device_setup.h"
#include "hsm/tpm2/tpm2_device.h"

namespace labrec::hsm::tpm2 {

inline constexpr char kScheme[] = "tpm2:";

// tpm2:<TCTI>[?counted-first=0x01800200][&counted-indices=1024][&owner-auth-source=file:/path]
struct Address {
  std::string tcti;
  // Handles for indices that count uses of keys, the first of them for the range's mark. Fewer than two
  // handles: none.
  IndexRange counted{0x01800200, 1024};
  // Where the authorisation value of the owner hierarchy stands, if it is not empty. The file is read when
  // the device is opened, and must be readable for nobody else.
  std::optional<std::filesystem::path> owner_auth_file;
};

// INVALID_ARGUMENT, saying why, for another scheme, an empty TCTI, an attribute that is not known, or a range
// that leaves the handles of NV indices or meets the freshness anchor's.
absl::StatusOr<Address> ParseAddress(const DeviceAddress& address);

// The TCTI alone.
absl::StatusOr<std::string> TctiOf(const DeviceAddress& address);

// What owner_auth_file holds, one line end dropped; empty if there is none.
absl::StatusOr<SecretBytes> ReadOwnerAuth(const Address& address);

}  // namespace labrec::hsm::tpm2

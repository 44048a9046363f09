#pragma once

#include <filesystem>

#include "absl/status/statusor.h"

#include "hsm/base/ecdsa.h"

namespace labrec::admin {

// The public key of a device, from a PEM file. INVALID_ARGUMENT: no P-256 public key, with the file's name.
absl::StatusOr<EcdsaPublicKey> ReadPublicKey(const std::filesystem::path& path);

}  // namespace labrec::admin

#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace labrec::test {

// Destroys every secret key of the token at `uri` (RFC 7512, with module-path and pin-source) whose label
// ends with " `kind`", as hsm/pkcs11/anchor/names.h gives them out: "anchor", "claim" or "derivation". How
// many there were.
absl::StatusOr<int> DestroyTokenKeys(const std::string& uri, std::string_view kind);

// How many such keys there are. Destroys none.
absl::StatusOr<int> CountTokenKeys(const std::string& uri, std::string_view kind);

}  // namespace labrec::test

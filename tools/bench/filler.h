#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "absl/status/status.h"

namespace labrec::bench {

// Fills the ledger of a stopped realm with `count` accounts of tenant "chat", each with one device and one
// registered record "raw" of the size that a plain recovery record has. Goes through the ledger itself, in
// large batches that the realm's own device anchors. The records can be evaluated; nobody knows the secret
// they seem to protect, so they cannot be unlocked.
absl::Status FillLedger(const std::filesystem::path& realm_folder, uint64_t count);

// The name of the filled account `number`.
std::string FilledAccount(uint64_t number);

}  // namespace labrec::bench

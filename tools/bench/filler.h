#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "absl/status/statusor.h"

namespace labrec::bench {

// What was filled into a realm's ledger, over all runs that did it.
struct Filled {
  uint64_t records = 0;
  double seconds = 0;
  uint64_t earlier_runs = 0;  // that measured on it
};

// Fills the ledger of a stopped realm up to `count` accounts of tenant "chat", each with one device and one
// registered record "raw" of the size that a plain recovery record has. Goes through the ledger itself, in
// large batches that the realm's own device anchors. The records can be evaluated; nobody knows the secret
// they seem to protect, so they cannot be unlocked.
//
// `progress_file` says how far it has come, beside the realm's folder: a run that was killed is gone on with,
// and a filled ledger takes more later. Says on standard error every ten seconds how it goes.
// RESOURCE_EXHAUSTED where the disk would have less than 4 GiB left.
absl::StatusOr<Filled> FillLedger(const std::filesystem::path& realm_folder,
                                  const std::filesystem::path& progress_file, uint64_t count);

// The name of the filled account `number`.
std::string FilledAccount(uint64_t number);

}  // namespace labrec::bench

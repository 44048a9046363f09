#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"

#include "recovery/client/base/chip_trust.h"
#include "recovery/client/seal.h"

namespace CLI {
class App;
}  // namespace CLI

namespace labrec::cli {

// Who is to count the guesses of what is sealed, and whose chips are believed.
struct ChipOptions {
  std::optional<recovery::client::Enforcement> enforcement;  // none: as before
  std::string ek_roots;                                      // folder of TPM vendors' certificates
  std::string ek_revoked;                                    // folder of their revocation lists
};

// --enforcement, --ek-roots, --ek-revocation-lists.
void AddChipOptions(CLI::App& command, ChipOptions& options);

// Puts them into the request. INVALID_ARGUMENT if they do not fit together, or what EkTrust::Load says.
absl::Status LoadChipOptions(const ChipOptions& options, recovery::client::SealRequest& request);

}  // namespace labrec::cli

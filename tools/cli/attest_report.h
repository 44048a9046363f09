#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/status/status.h"

#include "attestation/verify/realm_verifier.h"

namespace labrec::cli {

// What came of asking a realm to prove which device it has.
struct AttestReport {
  std::string realm;
  absl::Status error;  // why nothing is proven; OK if `verified` is there
  std::optional<attestation::VerifiedRealm> verified;
  bool endorsed = false;            // a trusted root stands behind all of it
  Bytes ek_certificate;             // DER
  std::string device;               // what the realm says of its device: "tpm2, IBM"
  std::vector<std::string> claims;  // what a device without attestation says of itself
};

enum class Verdict {
  kProven,
  kNotProven,  // nobody was named to believe, or the device has nothing to show
  kRefused,    // what was shown is not what was demanded
  kNoAnswer,   // nothing was shown: not reached, or it did not take the token
};
Verdict VerdictOf(const AttestReport& report);

// {"realm", "outcome", "proven": [{"statement", "by"}], "not_proven": [...], "reason", "error", "claims",
// ...}
nlohmann::json ToJson(const AttestReport& report);
// The same in words, several lines.
std::string ToText(const AttestReport& report);

}  // namespace labrec::cli

#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/ecdsa.h"
#include "hsm/base/pcr_selection.h"

namespace labrec::hsm {

// PCRs and what they hold, in the selection's order. A value type.
struct PcrValues {
  labrec::PcrSelection pcrs;
  std::vector<Bytes> values;  // each of its bank's digest size

  // From a JSON object whose member "pcrs" is {"sha256": {"0": HEX, "7": HEX}}; other members are not looked
  // at. INVALID_ARGUMENT, saying what is wrong, if it has none or a value is no digest of its bank.
  static absl::StatusOr<PcrValues> FromJson(std::string_view json);
  bool operator==(const PcrValues&) const = default;
};

// An operator's word that keys bound to PCRs under his key (PcrApprovalPolicy) may work while the PCRs hold
// these values. docs/formats.md, "Approval of PCR values". A value type.
struct PcrApproval {
  PcrValues approved;
  std::array<uint8_t, 64> signature{};  // r || s over ApprovedPolicy(approved)

  // INVALID_ARGUMENT if the text is none. Whoever signed it is not looked at: see IsApprovedBy.
  static absl::StatusOr<PcrApproval> FromJson(std::string_view json);
  bool operator==(const PcrApproval&) const = default;
};

// The policy that a TPM has computed after TPM2_PolicyPCR (part 3, section 23.7) over these PCRs with these
// values, in a session with SHA-256: what an approver signs, and TPM2_PolicyAuthorize calls approvedPolicy.
Bytes ApprovedPolicy(const PcrValues& values);
// What TPM2_PolicyPCR calls pcrDigest: SHA-256 of the values one after the other.
Bytes PcrDigest(const PcrValues& values);

PcrApproval Approve(const EcdsaPrivateKey& approver, const PcrValues& values);
bool IsApprovedBy(const EcdsaPublicKey& approver, const PcrApproval& approval);

// "sha256:7", the PCRs whose values differ, joined by "+"; both are of one selection.
std::string DifferingPcrs(const PcrValues& a, const PcrValues& b);

// JSON texts that FromJson takes.
std::string ToJson(const PcrValues& values);
std::string ToJson(const PcrApproval& approval);

// The policy of a realm's key that needs the PCRs as an operator's key approved them, and the key's
// authValue: PolicyAuthorize(approver, policyRef empty), then PolicyAuthValue. What is approved is a
// PolicyPCR.
Bytes PcrApprovalPolicy(const EcdsaPublicKey& approver);

}  // namespace labrec::hsm

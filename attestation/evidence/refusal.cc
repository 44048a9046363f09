#include "attestation/evidence/refusal.h"

#include <array>
#include <optional>
#include <utility>

#include "absl/strings/cord.h"

#include "hsm/base/absl_view.h"

namespace labrec::attestation {
namespace {

constexpr char kPayload[] = "labyrinth-recovery/attestation-refusal";

constexpr std::array<std::pair<RefusalReason, std::string_view>, 17> kNames = {{
    {RefusalReason::kMalformed, "MALFORMED"},
    {RefusalReason::kEndorsementChain, "ENDORSEMENT_CHAIN"},
    {RefusalReason::kEndorsementTime, "ENDORSEMENT_TIME"},
    {RefusalReason::kEndorsementRevoked, "ENDORSEMENT_REVOKED"},
    {RefusalReason::kEndorsementKey, "ENDORSEMENT_KEY"},
    {RefusalReason::kAttestationKey, "ATTESTATION_KEY"},
    {RefusalReason::kAttestationKeyBound, "ATTESTATION_KEY_BOUND"},
    {RefusalReason::kSignature, "SIGNATURE"},
    {RefusalReason::kStatement, "STATEMENT"},
    {RefusalReason::kStale, "STALE"},
    {RefusalReason::kKeyAttributes, "KEY_ATTRIBUTES"},
    {RefusalReason::kKeyPolicy, "KEY_POLICY"},
    {RefusalReason::kIndex, "INDEX"},
    {RefusalReason::kIndexContents, "INDEX_CONTENTS"},
    {RefusalReason::kPcr, "PCR"},
    {RefusalReason::kFirmware, "FIRMWARE"},
    {RefusalReason::kWrongKey, "WRONG_KEY"},
}};

}  // namespace

std::string_view NameOf(RefusalReason reason) {
  for (const auto& [known, name] : kNames) {
    if (known == reason) return name;
  }
  return "UNKNOWN";
}

absl::Status Refuse(RefusalReason reason, std::string_view words) {
  absl::Status status = absl::PermissionDeniedError(AbslView(words));
  status.SetPayload(kPayload, absl::Cord(AbslView(NameOf(reason))));
  return status;
}

RefusalReason ReasonOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayload);
  if (!payload.has_value()) return RefusalReason::kMalformed;
  for (const auto& [reason, name] : kNames) {
    if (*payload == AbslView(name)) return reason;
  }
  return RefusalReason::kMalformed;
}

}  // namespace labrec::attestation

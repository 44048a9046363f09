#include "tools/cli/attest_demand.h"

#include "absl/strings/str_cat.h"

#include "hsm/base/clock.h"
#include "hsm/base/status_macros.h"

namespace labrec::cli {

using recovery::client::AttestDemand;

absl::StatusOr<AttestDemand> ReadAttestDemand(const std::string& policy_file) {
  AttestDemand demand;
  demand.now_ms = SystemClock().NowMillis();
  if (policy_file.empty()) return demand;
  absl::StatusOr<attestation::AttestPolicy> policy = attestation::AttestPolicy::Load(policy_file);
  if (!policy.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--attest-policy ", policy_file, ": ", policy.status().message()));
  }
  demand.policy = *std::move(policy);
  return demand;
}

absl::Status CheckRealms(const recovery::client::RealmSet& realms, const std::string& policy_file) {
  if (policy_file.empty()) return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(const AttestDemand demand, ReadAttestDemand(policy_file));
  const absl::Status proven = RequireProofs(realms, demand);
  if (proven.ok()) return proven;
  return absl::Status(proven.code(), absl::StrCat("nothing was sent: ", proven.message()));
}

}  // namespace labrec::cli

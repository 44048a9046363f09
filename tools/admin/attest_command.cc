#include <string>

#include "attestation/evidence/evidence.h"
#include "attestation/verify/attest_policy.h"
#include "attestation/verify/realm_verifier.h"
#include "attestation/verify/statement.h"
#include "hsm/base/clock.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "tools/admin/admin_client.h"
#include "tools/admin/command.h"
#include "tools/cli/attest_report.h"

namespace labrec::admin {
namespace {

using attestation::AttestPolicy;
using cli::AttestReport;

struct AttestOptions : SocketOptions {
  std::filesystem::path policy;
};

// Whom to believe; without a policy file the realm's own certificate, and nothing is proven then.
absl::StatusOr<AttestPolicy> PolicyFor(const AttestOptions& options,
                                       const attestation::IdentityEvidence& shown) {
  if (!options.policy.empty()) return AttestPolicy::Load(options.policy);
  AttestPolicy policy;
  policy.trust.anchors = {shown.ek_certificate};
  return policy;
}

// As a client's AttestRealm, on the admin socket.
absl::Status AskForEvidence(const AttestOptions& options, const v1::GetRealmResponse& realm,
                            AdminClient& client, AttestReport& report) {
  LABREC_ASSIGN_OR_RETURN(const auto answer, client.Identity());
  LABREC_ASSIGN_OR_RETURN(const auto shown, attestation::DecodeIdentityEvidence(AsBytes(answer.identity())));
  LABREC_ASSIGN_OR_RETURN(const AttestPolicy policy, PolicyFor(options, shown));
  const int64_t now_ms = SystemClock().NowMillis();
  LABREC_ASSIGN_OR_RETURN(const auto identity, attestation::CheckIdentity(shown, policy.trust, now_ms));
  LABREC_ASSIGN_OR_RETURN(const auto challenge, attestation::ChallengeAk(identity));
  const SecretBytes nonce = SecretBytes::Random(32);
  v1::AttestRequest request;
  request.set_credential(ToString(attestation::Encode(challenge.blob)));
  request.set_nonce(ToString(nonce.view()));
  LABREC_ASSIGN_OR_RETURN(const auto proven, client.Attest(request));
  LABREC_ASSIGN_OR_RETURN(const auto evidence, attestation::DecodeRealmEvidence(AsBytes(proven.evidence())));
  LABREC_ASSIGN_OR_RETURN(const P256Point key, P256Point::Parse(AsBytes(realm.evaluation_public_key())));
  const attestation::RealmExpectation expectation{
      policy, now_ms, std::nullopt,
      attestation::RealmStatementNonce(AsBytes(realm.realm_id()), Digest{}, nonce.view()), key};
  LABREC_ASSIGN_OR_RETURN(report.verified, attestation::VerifyRealm(expectation, challenge, evidence));
  report.endorsed = !options.policy.empty();
  report.ek_certificate = evidence.identity.ek_certificate;
  return absl::OkStatus();
}

absl::Status Attest(const AttestOptions& options) {
  AdminClient client(options.Path());
  LABREC_ASSIGN_OR_RETURN(const auto status, client.GetStatus());
  const v1::GetRealmResponse& realm = status.realm();
  AttestReport report;
  report.realm = realm.name();
  report.device = realm.device_kind() + ", " + realm.device_manufacturer();
  report.claims.assign(realm.device_claims().begin(), realm.device_claims().end());
  report.error = AskForEvidence(options, realm, client, report);
  Print(options.format, ToJson(report), ToText(report));
  if (VerdictOf(report) == cli::Verdict::kProven) return absl::OkStatus();
  return absl::FailedPreconditionError("nothing is proven about this realm's device; see above");
}

}  // namespace

void AddAttestCommand(const cli::Command& app, Result& result) {
  cli::Command command;
  const auto options = AddCommand<AttestOptions>(
      app, "attest", "Let a running daemon prove which security chip it has, as clients see it", result,
      command, Attest);
  AddSocketOptions(command, *options);
  command
      .AddOption("--attest-policy", options->policy,
                 "whom to believe, PCR values, minimum firmware (TOML); without it nothing is proven")
      .Word("FILE");
}

}  // namespace labrec::admin

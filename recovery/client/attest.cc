#include "recovery/client/attest.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "attestation/evidence/evidence.h"
#include "attestation/evidence/refusal.h"
#include "attestation/verify/chip_record_verifier.h"
#include "attestation/verify/statement.h"
#include "hsm/base/p256.h"
#include "hsm/base/secret_bytes.h"
#include "hsm/base/status_macros.h"
#include "recovery/api/limits.h"
#include "recovery/client/base/too_few_realms.h"
#include "recovery/client/grpc/gather.h"
#include "recovery/client/grpc/messages.h"
#include "recovery/client/grpc/realm_channel.h"

namespace labrec::recovery::client {
namespace {

using attestation::AkChallenge;
using attestation::IdentityEvidence;
using attestation::RealmEvidence;
using attestation::RealmExpectation;
using attestation::RefusalReason;
using attestation::Refuse;

// The status with the realm's name in front; reason and code stay.
absl::Status About(const RealmChannel& realm, const absl::Status& status) {
  if (status.ok()) return status;
  absl::Status named(status.code(), absl::StrCat("realm ", realm.name(), ": ", status.message()));
  status.ForEachPayload([&](auto url, const absl::Cord& payload) { named.SetPayload(url, payload); });
  return named;
}

// What the demand trusts; without a policy, the realm's own certificate.
attestation::AttestPolicy PolicyFor(const AttestDemand& demand, const IdentityEvidence& shown) {
  if (demand.policy.has_value()) return *demand.policy;
  attestation::AttestPolicy policy;
  policy.trust.anchors = {shown.ek_certificate};
  return policy;
}

absl::StatusOr<P256Point> NamedEvaluationKey(RealmChannel& realm, Cancellation& cancellation) {
  LABREC_ASSIGN_OR_RETURN(const auto description, realm.Call(v1::GetRealmRequest(), cancellation));
  if (ToBytes(AsBytes(description.realm_id())) != ToBytes(realm.id())) {
    return Refuse(RefusalReason::kWrongKey, "it says that it is another realm than the list's");
  }
  auto key = P256Point::Parse(AsBytes(description.evaluation_public_key()));
  if (!key.ok()) return absl::InvalidArgumentError("it names no evaluation key");
  return key;
}

absl::StatusOr<AkChallenge> Challenge(RealmChannel& realm, const AttestDemand& demand,
                                      Cancellation& cancellation) {
  LABREC_ASSIGN_OR_RETURN(const auto answer, realm.Call(v1::GetIdentityRequest(), cancellation));
  LABREC_ASSIGN_OR_RETURN(const IdentityEvidence shown,
                          attestation::DecodeIdentityEvidence(AsBytes(answer.identity())));
  LABREC_ASSIGN_OR_RETURN(const attestation::TpmIdentity identity,
                          attestation::CheckIdentity(shown, PolicyFor(demand, shown).trust, demand.now_ms));
  LABREC_RETURN_IF_ERROR(attestation::CheckPinnedAk(demand.pinned_ak_name, identity.ak));
  return attestation::ChallengeAk(identity);
}

absl::StatusOr<RealmAttestation> Attest(RealmChannel& realm, const AttestDemand& demand,
                                        Cancellation& cancellation) {
  LABREC_ASSIGN_OR_RETURN(const P256Point evaluation_key, NamedEvaluationKey(realm, cancellation));
  LABREC_ASSIGN_OR_RETURN(const AkChallenge challenge, Challenge(realm, demand, cancellation));
  LABREC_ASSIGN_OR_RETURN(const Digest tls_key, realm.TlsKeyHash());
  const SecretBytes nonce = SecretBytes::Random(kNonceBytes);
  v1::AttestRequest request;
  request.set_credential(ToString(attestation::Encode(challenge.blob)));
  request.set_nonce(ToString(nonce.view()));
  request.set_tls_key_hash(ToString(tls_key));
  LABREC_ASSIGN_OR_RETURN(const auto answer, realm.Call(request, cancellation));
  LABREC_ASSIGN_OR_RETURN(const Digest answered_by, realm.TlsKeyHash());
  if (answered_by != tls_key) {
    return absl::UnavailableError("its TLS key changed in the middle of the exchange; try again");
  }
  LABREC_ASSIGN_OR_RETURN(RealmEvidence evidence,
                          attestation::DecodeRealmEvidence(AsBytes(answer.evidence())));
  const RealmExpectation expectation{
      PolicyFor(demand, evidence.identity), demand.now_ms, demand.pinned_ak_name,
      attestation::RealmStatementNonce(realm.id(), tls_key, nonce.view()), evaluation_key};
  LABREC_ASSIGN_OR_RETURN(attestation::VerifiedRealm verified,
                          attestation::VerifyRealm(expectation, challenge, evidence));
  return RealmAttestation{std::move(verified), demand.policy.has_value(),
                          std::move(evidence.identity.ek_certificate), tls_key};
}

}  // namespace

absl::StatusOr<RealmAttestation> AttestRealm(const RealmSet& realms, size_t realm,
                                             const AttestDemand& demand) {
  Cancellation never;
  absl::StatusOr<RealmAttestation> attested = Attest(realms[realm], demand, never);
  if (attested.ok()) return attested;
  const std::string prefix = absl::StrCat("realm ", realms[realm].name());
  if (std::string_view(attested.status().message().data(), attested.status().message().size())
          .starts_with(prefix)) {
    return attested;  // the channel's own errors have it already
  }
  return About(realms[realm], attested.status());
}

absl::Status RequireProofs(const RealmSet& realms, const AttestDemand& demand) {
  for (size_t i = 0; i < realms.size(); ++i) {
    realms[i].SetUnproven(absl::FailedPreconditionError("it was not asked to yet"));
  }
  const auto answers = GatherAll<RealmAttestation>(
      realms.size(), [&](size_t i, Cancellation&) { return AttestRealm(realms, i, demand); });
  absl::Status refused;
  for (size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].ok()) {
      realms[i].SetProven(answers[i]->tls_key_hash);
      continue;
    }
    realms[i].SetUnproven(answers[i].status());
    if (refused.ok() && IsRefusedRealm(answers[i].status())) refused = answers[i].status();
  }
  return refused;
}

absl::StatusOr<DeviceClaims> AskDeviceClaims(const RealmSet& realms, size_t realm) {
  Cancellation never;
  LABREC_ASSIGN_OR_RETURN(const auto description, realms[realm].Call(v1::GetRealmRequest(), never));
  return DeviceClaims{description.device_kind(),
                      description.device_manufacturer(),
                      description.device_warning(),
                      {description.device_claims().begin(), description.device_claims().end()}};
}

bool IsRefusedRealm(const absl::Status& status) {
  return absl::IsPermissionDenied(status) || absl::IsInvalidArgument(status) ||
         absl::IsFailedPrecondition(status) || absl::IsUnimplemented(status);
}

}  // namespace labrec::recovery::client

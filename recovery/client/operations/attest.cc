#include "recovery/client/operations/attest.h"

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
#include "recovery/client/core/call.h"
#include "recovery/client/core/gather.h"
#include "recovery/client/core/random.h"

namespace labrec::recovery::client::core {
namespace {

using attestation::AkChallenge;
using attestation::IdentityEvidence;
using attestation::RealmEvidence;
using attestation::RealmExpectation;
using attestation::RefusalReason;
using attestation::Refuse;

// The status with the realm's name in front; reason and code stay.
absl::Status About(const Realm& realm, const absl::Status& status) {
  if (status.ok()) return status;
  absl::Status named(status.code(), absl::StrCat("realm ", realm.name, ": ", status.message()));
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

// What the host saw of the connection of the latest answer.
absl::StatusOr<Digest> ShownTlsKey(const Realm& realm) {
  if (realm.shown_tls_key) return *realm.shown_tls_key;
  return absl::UnavailableError(absl::StrCat("realm ", realm.name, " showed no certificate yet"));
}

Task<P256Point> NamedEvaluationKey(Scope& scope, Account& account, size_t realm) {
  LABREC_CO_ASSIGN_OR_RETURN(const wire::GetRealmResponse description,
                             co_await Call(scope, account, realm, wire::GetRealmRequest()));
  if (description.realm_id != account[realm].id) {
    co_return Refuse(RefusalReason::kWrongKey, "it says that it is another realm than the list's");
  }
  auto key = P256Point::Parse(description.evaluation_public_key);
  if (!key.ok()) co_return absl::InvalidArgumentError("it names no evaluation key");
  co_return key;
}

Task<AkChallenge> NewChallenge(Scope& scope, Account& account, size_t realm, const AttestDemand& demand) {
  LABREC_CO_ASSIGN_OR_RETURN(const wire::GetIdentityResponse answer,
                             co_await Call(scope, account, realm, wire::GetIdentityRequest()));
  LABREC_CO_ASSIGN_OR_RETURN(const IdentityEvidence shown,
                             attestation::DecodeIdentityEvidence(answer.identity));
  LABREC_CO_ASSIGN_OR_RETURN(
      const attestation::TpmIdentity identity,
      attestation::CheckIdentity(shown, PolicyFor(demand, shown).trust, demand.now_ms));
  LABREC_CO_RETURN_IF_ERROR(attestation::CheckPinnedAk(demand.pinned_ak_name, identity.ak));
  co_return attestation::ChallengeAk(identity, SourceOf(account.host()));
}

Task<RealmAttestation> Attest(Scope& scope, Account& account, size_t realm, const AttestDemand& demand) {
  LABREC_CO_ASSIGN_OR_RETURN(const P256Point evaluation_key,
                             co_await NamedEvaluationKey(scope, account, realm));
  LABREC_CO_ASSIGN_OR_RETURN(const AkChallenge challenge,
                             co_await NewChallenge(scope, account, realm, demand));
  LABREC_CO_ASSIGN_OR_RETURN(const Digest tls_key, ShownTlsKey(account[realm]));
  const SecretBytes nonce = RandomSecret(account.host(), kNonceBytes);
  wire::AttestRequest request;
  request.credential = attestation::Encode(challenge.blob);
  request.nonce = ToBytes(nonce.view());
  request.tls_key_hash = ToBytes(tls_key);
  LABREC_CO_ASSIGN_OR_RETURN(const wire::AttestResponse answer,
                             co_await Call(scope, account, realm, std::move(request)));
  LABREC_CO_ASSIGN_OR_RETURN(const Digest answered_by, ShownTlsKey(account[realm]));
  if (answered_by != tls_key) {
    co_return absl::UnavailableError("its TLS key changed in the middle of the exchange; try again");
  }
  LABREC_CO_ASSIGN_OR_RETURN(RealmEvidence evidence, attestation::DecodeRealmEvidence(answer.evidence));
  const RealmExpectation expectation{
      PolicyFor(demand, evidence.identity), demand.now_ms, demand.pinned_ak_name,
      attestation::RealmStatementNonce(account[realm].id, tls_key, nonce.view()), evaluation_key};
  LABREC_CO_ASSIGN_OR_RETURN(attestation::VerifiedRealm verified,
                             attestation::VerifyRealm(expectation, challenge, evidence));
  RealmAttestation attested{std::move(verified), demand.policy.has_value(),
                            std::move(evidence.identity.ek_certificate), tls_key};
  co_return attested;
}

}  // namespace

Task<RealmAttestation> AttestRealm(Scope& scope, Account& account, size_t realm, const AttestDemand& demand) {
  auto attested = co_await Attest(scope, account, realm, demand);
  if (attested.ok()) co_return attested;
  const std::string prefix = absl::StrCat("realm ", account[realm].name);
  const std::string message(attested.status().message());
  if (message.starts_with(prefix)) co_return attested;  // the call's own errors have it already
  co_return About(account[realm], attested.status());
}

Task<Proofs> RequireProofs(Scope& scope, Account& account, const AttestDemand& demand) {
  for (size_t i = 0; i < account.size(); ++i) {
    account[i].unproven = absl::FailedPreconditionError("it was not asked to yet");
    account[i].proven_tls_key.reset();
  }
  LABREC_CO_ASSIGN_OR_RETURN(Proofs answers, co_await GatherAll<RealmAttestation>(
                                                 scope, account.size(), [&](size_t i, Scope& within) {
                                                   return AttestRealm(within, account, i, demand);
                                                 }));
  for (size_t i = 0; i < answers.size(); ++i) {
    account[i].unproven = answers[i].status();
    if (answers[i].ok()) account[i].proven_tls_key = answers[i]->tls_key_hash;
  }
  co_return answers;
}

Task<DeviceClaims> AskDeviceClaims(Scope& scope, Account& account, size_t realm) {
  LABREC_CO_ASSIGN_OR_RETURN(wire::GetRealmResponse description,
                             co_await Call(scope, account, realm, wire::GetRealmRequest()));
  DeviceClaims claims{std::move(description.device_kind), std::move(description.device_manufacturer),
                      std::move(description.device_warning), std::move(description.device_claims)};
  co_return claims;
}

}  // namespace labrec::recovery::client::core

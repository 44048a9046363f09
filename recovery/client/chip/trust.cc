#include "recovery/client/chip/trust.h"

#include "absl/strings/str_cat.h"

#include "attestation/evidence/evidence.h"
#include "attestation/evidence/refusal.h"
#include "attestation/verify/chip_record_verifier.h"
#include "hsm/base/absl_view.h"
#include "hsm/base/status_macros.h"
#include "recovery/client/core/call.h"
#include "recovery/client/core/random.h"

namespace labrec::recovery::client::core {
namespace {

using attestation::AkChallenge;
using attestation::IdentityEvidence;
using attestation::TpmIdentity;

// The realm's TPM opens the challenge: the keys are in it, and in one TPM.
Task<> ChallengeChip(Scope& scope, Account& account, size_t realm, TpmIdentity& identity) {
  const absl::StatusOr<AkChallenge> challenge = ChallengeAk(identity, SourceOf(account.host()));
  if (!challenge.ok()) co_return Unproven(account[realm], challenge.status());
  wire::ActivateCredentialRequest request;
  request.credential = attestation::Encode(challenge->blob);
  LABREC_CO_ASSIGN_OR_RETURN(const wire::ActivateCredentialResponse response,
                             co_await Call(scope, account, realm, std::move(request)));
  const absl::Status bound = CheckActivated(*challenge, response.activated, identity);
  if (!bound.ok()) co_return Unproven(account[realm], bound);
  co_return absl::OkStatus();
}

absl::StatusOr<VerifiedAk> ByPin(const Realm& realm, const IdentityEvidence& evidence, const Bytes& name) {
  absl::StatusOr<tpm::TpmtPublic> ak = tpm::TpmtPublic::Parse(evidence.ak_public);
  if (!ak.ok()) return Unproven(realm, ak.status());
  absl::Status known = attestation::CheckPinnedAk(name, *ak);
  known.Update(attestation::CheckAttestationKey(*ak));
  if (!known.ok()) return Unproven(realm, known);
  VerifiedAk verified{*std::move(ak), {}};
  verified.report.push_back(
      {"the realm's attestation key is the one that was verified when the record was sealed",
       "its Name in the record's config, which the record's secret binds"});
  return verified;
}

}  // namespace

absl::Status Unproven(const Realm& realm, const absl::Status& refusal) {
  return absl::DataLossError(
      absl::StrCat("realm ", realm.name, " does not prove that its chip counts: ", refusal.message(), " (",
                   AbslView(attestation::NameOf(attestation::ReasonOf(refusal))), ")"));
}

Task<VerifiedAk> VerifyAk(Scope& scope, Account& account, size_t realm, const ChipTrust& trust) {
  LABREC_CO_ASSIGN_OR_RETURN(const wire::GetIdentityResponse response,
                             co_await Call(scope, account, realm, wire::GetIdentityRequest()));
  const auto evidence = attestation::DecodeIdentityEvidence(response.identity);
  if (!evidence.ok()) co_return Unproven(account[realm], evidence.status());
  const auto pin = trust.pinned_aks.find(account[realm].id);
  if (pin != trust.pinned_aks.end()) co_return ByPin(account[realm], *evidence, pin->second);
  if (!trust.roots) {
    co_return absl::InvalidArgumentError(absl::StrCat("nothing to verify the chip of realm ",
                                                      account[realm].name,
                                                      " by: name a folder of TPM vendors' certificates"));
  }
  absl::StatusOr<TpmIdentity> identity = CheckIdentity(*evidence, *trust.roots, account.host().UnixMillis());
  if (!identity.ok()) co_return Unproven(account[realm], identity.status());
  LABREC_CO_RETURN_IF_ERROR(co_await ChallengeChip(scope, account, realm, *identity));
  VerifiedAk verified{std::move(identity->ak), std::move(identity->report)};
  co_return verified;
}

}  // namespace labrec::recovery::client::core

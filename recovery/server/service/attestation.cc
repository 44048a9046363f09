#include <utility>

#include "attestation/evidence/evidence.h"
#include "attestation/verify/statement.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm_wire/credential.h"
#include "recovery/engine/call/refusal.h"
#include "recovery/server/service/call.h"
#include "recovery/server/service/request_fields.h"
#include "recovery/server/service/service.h"

// What proves which device the realm has: docs/attestation.md.
namespace labrec::recovery {

namespace v1 = ::labyrinth::recovery::v1;

absl::Status RecoveryService::GetIdentity(const Call& call, const v1::GetIdentityRequest&,
                                          v1::GetIdentityResponse* response) {
  engine_.attestation().GetIdentity(
      call.Answer<Bytes>([=](const Bytes& identity) { response->set_identity(ToString(identity)); }));
  return absl::OkStatus();
}

absl::Status RecoveryService::ActivateCredential(const Call& call,
                                                 const v1::ActivateCredentialRequest& request,
                                                 v1::ActivateCredentialResponse* response) {
  LABREC_ASSIGN_OR_RETURN(Caller caller, Authenticate(call));
  LABREC_ASSIGN_OR_RETURN(auto challenge, CredentialField(request.credential()));
  engine_.attestation().ActivateCredential(std::move(caller), std::move(challenge),
                                           call.Answer<SecretBytes>([=](const SecretBytes& secret) {
                                             response->set_activated(secret.data(), secret.size());
                                           }));
  return absl::OkStatus();
}

absl::Status RecoveryService::Attest(const Call& call, const v1::AttestRequest& request,
                                     v1::AttestResponse* response) {
  LABREC_ASSIGN_OR_RETURN(Caller caller, Authenticate(call));
  LABREC_ASSIGN_OR_RETURN(auto challenge, CredentialField(request.credential()));
  LABREC_ASSIGN_OR_RETURN(const Bytes nonce, FixedField("nonce", request.nonce(), 32));
  LABREC_ASSIGN_OR_RETURN(const Digest tls_key, DigestField("tls_key_hash", request.tls_key_hash()));
  LABREC_RETURN_IF_ERROR(InOwnWords(tls_keys_.Check(tls_key)));  // it names no file
  engine_.attestation().Attest(
      std::move(caller), std::move(challenge),
      attestation::RealmStatementNonce(facts_.realm_id, tls_key, nonce),
      call.Answer<Bytes>([=](const Bytes& evidence) { response->set_evidence(ToString(evidence)); }));
  return absl::OkStatus();
}

}  // namespace labrec::recovery

#include "recovery/client/grpc/signed_call.h"

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/api/limits.h"

namespace labrec::recovery::client {

absl::StatusOr<Bytes> NewChallenge(RealmChannel& realm, Cancellation& cancellation) {
  LABREC_ASSIGN_OR_RETURN(const v1::GetChallengeResponse response,
                          realm.Call(v1::GetChallengeRequest(), cancellation));
  if (response.challenge().size() == kChallengeBytes) return ToBytes(response.challenge());
  return absl::InternalError(absl::StrCat("realm ", realm.name(), " gave a challenge of ",
                                          response.challenge().size(), " bytes instead of ",
                                          kChallengeBytes));
}

v1::Signature Signed(const RequestSigner& signer, ByteView realm_id, ByteView challenge, ByteView message) {
  const RequestSignature made = signer.Sign(realm_id, message);
  v1::Signature signature;
  signature.set_challenge(ToString(challenge));
  signature.set_signature(ToString(made.signature));
  if (const auto* key = std::get_if<UnlockKeyName>(&made.signer)) {
    signature.mutable_unlock_key()->set_record(key->record);
    signature.mutable_unlock_key()->set_version(key->version);
  } else {
    signature.set_device_id(ToString(std::get<0>(made.signer)));
  }
  return signature;
}

absl::StatusOr<v1::Signature> Authorize(const RealmSet& realms, size_t realm, Operation operation,
                                        ByteView body, const RequestSigner& signer,
                                        Cancellation& cancellation) {
  LABREC_ASSIGN_OR_RETURN(const Bytes challenge, NewChallenge(realms[realm], cancellation));
  const RequestScope scope = realms.Scope(realm);
  return Signed(signer, scope.realm_id, challenge, RequestBytes(scope, operation, challenge, body));
}

}  // namespace labrec::recovery::client

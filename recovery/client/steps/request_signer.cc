#include "recovery/client/steps/request_signer.h"

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

absl::StatusOr<v1::Signature> Authorize(const RealmSet& realms, size_t realm, Operation operation,
                                        ByteView body, const RequestSigner& signer,
                                        Cancellation& cancellation) {
  LABREC_ASSIGN_OR_RETURN(const Bytes challenge, NewChallenge(realms[realm], cancellation));
  const RequestScope scope = realms.Scope(realm);
  return signer.Sign(scope.realm_id, challenge, RequestBytes(scope, operation, challenge, body));
}

}  // namespace labrec::recovery::client

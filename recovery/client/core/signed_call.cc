#include "recovery/client/core/signed_call.h"

#include "recovery/api/limits.h"

namespace labrec::recovery::client::core {

Task<ChallengeToSign> TakeChallenge(Scope& scope, Account& account, size_t realm) {
  if (auto held = std::exchange(account[realm].challenge, std::nullopt);
      held && scope.flow().now_ms() <= held->until_ms) {
    co_return ChallengeToSign{std::move(held->bytes), true};
  }
  LABREC_CO_ASSIGN_OR_RETURN(wire::GetChallengeResponse response,
                             co_await Call(scope, account, realm, wire::GetChallengeRequest()));
  if (response.challenge.size() == kChallengeBytes) {
    co_return ChallengeToSign{std::move(response.challenge), false};
  }
  co_return absl::InternalError(absl::StrCat("realm ", account[realm].name, " gave a challenge of ",
                                             response.challenge.size(), " bytes instead of ",
                                             kChallengeBytes));
}

Task<wire::Signature> Signed(Scope& scope, const Account& account, size_t realm, const Signer& signer,
                             Bytes challenge, Bytes message) {
  LABREC_CO_ASSIGN_OR_RETURN(RequestSignature made,
                             co_await signer.Sign(scope, account, realm, std::move(message)));
  wire::Signature signature;
  signature.challenge = std::move(challenge);
  signature.signature = std::move(made.signature);
  if (const auto* key = std::get_if<UnlockKeyName>(&made.signer)) {
    signature.signer = wire::UnlockKey{key->record, key->version};
  } else {
    signature.signer = ToBytes(std::get<0>(made.signer));
  }
  co_return signature;
}

Task<Authorization> Authorize(Scope& scope, Account& account, size_t realm, Operation operation, Bytes body,
                              const Signer& signer) {
  LABREC_CO_ASSIGN_OR_RETURN(ChallengeToSign challenge, co_await TakeChallenge(scope, account, realm));
  Bytes message = RequestBytes(account.ScopeAt(realm), operation, challenge.bytes, body);
  Authorization authorization;
  authorization.by_held = challenge.was_held;
  LABREC_CO_ASSIGN_OR_RETURN(
      authorization.signature,
      co_await Signed(scope, account, realm, signer, std::move(challenge.bytes), std::move(message)));
  co_return authorization;
}

}  // namespace labrec::recovery::client::core

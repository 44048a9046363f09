#include "recovery/client/core/signer.h"

#include "recovery/client/core/wait.h"

namespace labrec::recovery::client::core {

Task<RequestSignature> KeyAtHand::Sign(Scope&, const Account& account, size_t realm, Bytes message) const {
  co_return key_.Sign(account[realm].id, message);
}

Task<RequestSignature> KeyOfHost::Sign(Scope& scope, const Account&, size_t realm, Bytes message) const {
  SignStep step;
  step.realm = realm;
  step.device_id = device_id_;
  step.message = std::move(message);
  Wait wait(scope, std::move(step), std::nullopt);
  Reply reply = co_await wait;
  if (!reply.status.ok()) co_return reply.status;
  RequestSignature signature;
  signature.signer = device_id_;
  signature.signature = std::move(reply.body);
  co_return signature;
}

}  // namespace labrec::recovery::client::core

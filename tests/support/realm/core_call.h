#pragma once

#include <utility>

#include "absl/status/statusor.h"

#include "recovery/client/base/realm_set.h"
#include "recovery/client/core/signed_call.h"
#include "recovery/client/grpc/grpc_host.h"

// Single calls, made as the client makes them: by its core, over gRPC. They block.
namespace labrec::test {

// What a method comes to at one realm of the set.
template <typename Request>
auto CallRealm(const recovery::client::RealmSet& realms, size_t realm, const Request& request) {
  namespace core = recovery::client::core;
  using Response = typename core::MethodOf<Request>::Response;
  return recovery::client::RunOverGrpc<Response>(realms, [&](core::Scope& scope, core::Account& account) {
    return core::Call(scope, account, realm, request);
  });
}

// A new challenge of this realm, signed for this operation.
inline absl::StatusOr<recovery::wire::Signature> AuthorizeAt(const recovery::client::RealmSet& realms,
                                                             size_t realm, recovery::Operation operation,
                                                             const Bytes& body,
                                                             const recovery::client::RequestSigner& key) {
  namespace core = recovery::client::core;
  const core::KeyAtHand signer(key);
  auto made = recovery::client::RunOverGrpc<core::Authorization>(
      realms, [&](core::Scope& scope, core::Account& account) {
        return core::Authorize(scope, account, realm, operation, body, signer);
      });
  if (!made.ok()) return made.status();
  return std::move(made->signature);
}

}  // namespace labrec::test

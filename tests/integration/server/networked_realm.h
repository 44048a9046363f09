#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "hsm/base/ecdsa.h"
#include "recovery/client/base/realm_address.h"
#include "recovery/realm/audit_log.h"
#include "recovery/server/tokens/verifier.h"
#include "recovery/server/transport/rate_limiter.h"
#include "recovery/server/transport/rpc_server.h"
#include "recovery/server/watch/account_log.h"
#include "recovery/server/watch/metrics.h"
#include "recovery/server/watch/traffic.h"
#include "tests/integration/engine/realm.h"
#include "tests/support/net/test_certificate.h"

namespace labrec::recovery {

class GrpcService;
class RecoveryService;

// A realm as clients see it: engine, service and TLS server in this process, on a simulator of its own.
// Tokens of tenant "chat" are signed by `token_key`. The first device of an account is enrolled by token.
class NetworkedRealm {
 public:
  NetworkedRealm(test::SimulatorKind kind, std::string name, const test::TestCertificate& certificate,
                 const EcdsaPrivateKey& token_key, EngineOptions options = {},
                 const EngineRealm::Prepare& prepare = {});
  ~NetworkedRealm();

  // Ends the server, keeping the engine: connections are refused.
  void Disconnect();
  // Listens again, at the same address.
  void Connect();
  // Engine, store and device closed and opened again.
  void Restart();

  client::RealmAddress address() const;
  std::string Token(const std::string& account) const;
  EngineRealm& realm() { return realm_; }
  // Guesses left on a record of this account; aborts the test if there is none.
  uint32_t Remaining(const std::string& account, const std::string& record = "default");
  bool IsDestroyed(const std::string& account, const std::string& record = "default");

 private:
  std::string name_;
  const test::TestCertificate& certificate_;
  const EcdsaPrivateKey& token_key_;
  const pin::GuessPolicy guess_policy_;
  EngineRealm realm_;
  test::TemporaryFolder folder_;
  Metrics metrics_;
  RateLimiter rates_{RateLimits{0, 1, 0, 1}};  // no limits
  Traffic traffic_{metrics_};
  std::unique_ptr<AuditLog> audit_;
  std::unique_ptr<AccountLog> log_;
  std::unique_ptr<TokenVerifier> tokens_;
  std::unique_ptr<RecoveryService> service_;
  std::unique_ptr<GrpcService> grpc_service_;
  std::unique_ptr<RpcServer> server_;
  int port_ = 0;
};

}  // namespace labrec::recovery

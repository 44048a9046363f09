#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <grpcpp/server.h>

#include "hsm/base/clock.h"
#include "hsm/base/ecdsa.h"
#include "recovery/server/service/grpc_service.h"
#include "recovery/server/service/service.h"
#include "recovery/store/sqlite/sqlite_store.h"
#include "tests/support/simulated_device.h"
#include "tests/support/temporary_folder.h"

namespace labrec::fuzz {

// A realm with its whole service in this process, on a software TPM: token verifier, service, engine, ledger,
// SQLite in a temporary folder. Tenant "chat"; the first device is enrolled by a token. It aborts where it
// cannot be made, and where the engine says that the process must end.
class ServiceRealm {
 public:
  ServiceRealm();
  ~ServiceRealm();
  ServiceRealm(const ServiceRealm&) = delete;
  ServiceRealm& operator=(const ServiceRealm&) = delete;

  // An empty ledger takes the place of the present one, on the same device. No call is on its way.
  void Renew();

  labyrinth::recovery::v1::Recovery::Stub& stub() { return *stub_; }
  const Bytes& id() const { return id_; }
  // "Bearer ..." of an account.
  std::string Bearer(const std::string& account) const;

 private:
  void Start();
  void Stop();

  const Clock& clock_ = SystemClock();
  const test::TemporaryFolder folder_;
  int renewals_ = 0;
  const Bytes id_ = Bytes(16, 'r');
  const EcdsaPrivateKey token_key_ = EcdsaPrivateKey::Generate();
  recovery::Metrics metrics_;
  recovery::Traffic traffic_{metrics_};
  recovery::RateLimiter rates_{recovery::RateLimits{0, 1, 0, 1}};  // no limits
  std::unique_ptr<recovery::TokenVerifier> tokens_;
  std::unique_ptr<test::SimulatedDevice> simulator_;
  std::unique_ptr<hsm::Device> device_;
  std::unique_ptr<recovery::SqliteStore> store_;
  std::unique_ptr<recovery::AuditLog> audit_;
  std::unique_ptr<recovery::AccountLog> log_;
  std::unique_ptr<recovery::Engine> engine_;
  std::unique_ptr<recovery::RecoveryService> service_;
  std::unique_ptr<recovery::GrpcService> grpc_service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<labyrinth::recovery::v1::Recovery::Stub> stub_;
};

}  // namespace labrec::fuzz

#pragma once

#include <memory>
#include <set>
#include <string>

#include <grpcpp/server.h>

#include "hsm/base/ecdsa.h"
#include "recovery/server/service/service.h"
#include "recovery/store/sqlite/sqlite_store.h"
#include "tests/simulation/chip.h"
#include "tests/support/temporary_folder.h"

namespace labrec::fuzz {

// A realm with its whole service in this process, on the model of a device that the simulation uses
// (docs/adr): token verifier, service, engine, ledger, SQLite. Tenant "chat"; the first device is enrolled by
// a token.
class ServiceRealm {
 public:
  ServiceRealm();
  ~ServiceRealm();
  ServiceRealm(const ServiceRealm&) = delete;
  ServiceRealm& operator=(const ServiceRealm&) = delete;

  labyrinth::recovery::v1::Recovery::Stub& stub() { return *stub_; }
  const Bytes& id() const { return id_; }
  // "Bearer ..." of an account.
  std::string Bearer(const std::string& account) const;

 private:
  class OpenBus : public sim::Bus {
    absl::Status Command(const char*, Kind, absl::FunctionRef<absl::Status()> act) override { return act(); }
  };

  test::TemporaryFolder folder_;
  const Bytes id_ = Bytes(16, 'r');
  const EcdsaPrivateKey token_key_ = EcdsaPrivateKey::Generate();
  sim::Chip chip_{7};
  OpenBus bus_;
  std::unique_ptr<hsm::Device> device_;
  std::unique_ptr<recovery::SqliteStore> store_;
  std::unique_ptr<recovery::Engine> engine_;
  recovery::Metrics metrics_;
  recovery::Traffic traffic_{metrics_};
  recovery::RateLimiter rates_{recovery::RateLimits{0, 1, 0, 1}};  // no limits
  std::unique_ptr<recovery::AuditLog> audit_;
  std::unique_ptr<recovery::AccountLog> log_;
  std::unique_ptr<recovery::TokenVerifier> tokens_;
  std::unique_ptr<recovery::RecoveryService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<labyrinth::recovery::v1::Recovery::Stub> stub_;
};

}  // namespace labrec::fuzz

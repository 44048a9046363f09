#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <grpcpp/server.h>

#include "hsm/base/clock.h"
#include "hsm/base/ecdsa.h"
#include "hsm/device.h"
#include "recovery/server/service/grpc_service.h"
#include "recovery/server/service/service.h"
#include "recovery/store/sqlite/sqlite_store.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec::test {

// A realm with its whole service in this process, on a given device: token verifier, service, engine, ledger,
// SQLite in a temporary folder. Tenant "chat"; the first device is enrolled by a token. It aborts where it
// cannot be made, and where the engine says that the process must end.
class ServiceRealm {
 public:
  // Borrows. The folder is made in `parent`.
  ServiceRealm(Bytes id, hsm::Device& device, const Clock& clock,
               const std::filesystem::path& parent = std::filesystem::temp_directory_path());
  ~ServiceRealm();
  ServiceRealm(const ServiceRealm&) = delete;
  ServiceRealm& operator=(const ServiceRealm&) = delete;

  // An empty ledger takes the place of the present one, on the same device. No call is on its way.
  void Renew();

  labyrinth::recovery::v1::Recovery::Stub& stub() { return *stub_; }
  // The way to it, for messages that are bytes already.
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  const Bytes& id() const { return id_; }
  // The token of an account.
  std::string Token(const std::string& account) const;
  // "Bearer ..." with it.
  std::string Bearer(const std::string& account) const { return "Bearer " + Token(account); }

 private:
  void Start();
  void Stop();

  const Bytes id_;
  hsm::Device& device_;
  const Clock& clock_;
  const TemporaryFolder folder_;
  int renewals_ = 0;
  const EcdsaPrivateKey token_key_ = EcdsaPrivateKey::Generate();
  recovery::Metrics metrics_;
  recovery::Traffic traffic_{metrics_};
  recovery::RateLimiter rates_{recovery::RateLimits{0, 1, 0, 1}};  // no limits
  std::unique_ptr<recovery::TokenVerifier> tokens_;
  std::unique_ptr<recovery::SqliteStore> store_;
  std::unique_ptr<recovery::AuditLog> audit_;
  std::unique_ptr<recovery::AccountLog> log_;
  std::unique_ptr<recovery::Engine> engine_;
  std::unique_ptr<recovery::RecoveryService> service_;
  std::unique_ptr<recovery::GrpcService> grpc_service_;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<labyrinth::recovery::v1::Recovery::Stub> stub_;
};

}  // namespace labrec::test

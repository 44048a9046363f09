#include "tests/integration/server/networked_realm.h"

#include <cstdlib>
#include <iostream>
#include <utility>

#include "hsm/base/clock.h"
#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "recovery/api/tls13.h"
#include "recovery/server/service/grpc_service.h"
#include "recovery/server/service/service.h"
#include "recovery/server/tokens/issuer.h"
#include "tests/integration/engine/client.h"
#include "tests/support/net/loopback.h"

namespace labrec::recovery {
namespace {

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::cerr << "cannot set up the networked realm: " << value.status() << "\n";
  std::abort();
}

}  // namespace

NetworkedRealm::NetworkedRealm(test::SimulatorKind kind, std::string name,
                               const test::TestCertificate& certificate, const EcdsaPrivateKey& token_key,
                               EngineOptions options, const EngineRealm::Prepare& prepare)
    : name_(std::move(name)),
      certificate_(certificate),
      token_key_(token_key),
      guess_policy_(options.guess_policy),
      realm_(kind, std::move(options), prepare) {
  RequireTls13();
  const auto jwks = folder_.path() / "chat.jwks";
  if (!WriteFile(jwks, AsBytes(TokenKeySet(token_key.public_key())), 0644, Overwrite::kReplace).ok())
    std::abort();
  tokens_ =
      Must(TokenVerifier::Create({{"chat", jwks}}, Hex(realm_.realm_id()), SystemClock(), TokenLimits()));
  audit_ = Must(AuditLog::Open(folder_.path() / "audit.log", SystemClock()));
  log_ = std::make_unique<AccountLog>(*audit_, metrics_);
  port_ = Must(test::FreePort());  // it listens there again after each restart
  Connect();
}

NetworkedRealm::~NetworkedRealm() {
  Disconnect();
}

void NetworkedRealm::Disconnect() {
  if (server_) server_->Stop();
  server_.reset();
  grpc_service_.reset();
  service_.reset();
}

void NetworkedRealm::Connect() {
  RealmFacts facts;
  facts.realm_id = realm_.realm_id();
  facts.name = name_;
  facts.guess_policy = guess_policy_;
  service_ = std::make_unique<RecoveryService>(realm_.engine(), *tokens_, rates_, *log_, facts);
  grpc_service_ = std::make_unique<GrpcService>(*service_, traffic_);
  ListenOptions listen;
  listen.address = "127.0.0.1:" + std::to_string(port_);
  listen.tls = TlsFiles{certificate_.certificate_file(), certificate_.key_file()};
  server_ = Must(RpcServer::Listen(listen, ServerLimits(), *grpc_service_));
  port_ = server_->port();
}

void NetworkedRealm::Restart() {
  Disconnect();
  realm_.Restart();
  Connect();
}

client::RealmAddress NetworkedRealm::address() const {
  client::RealmAddress address;
  address.id = realm_.realm_id();
  address.name = name_;
  address.address = "localhost:" + std::to_string(port_);
  address.ca_pem = certificate_.certificate_pem();
  return address;
}

std::string NetworkedRealm::Token(const std::string& account) const {
  return IssueToken(token_key_,
                    {"chat", account, Hex(realm_.realm_id()), SystemClock().NowMillis() / 1000, 3600});
}

// As the realm has it in memory: a refill that rides along is not in storage yet.
uint32_t NetworkedRealm::Remaining(const std::string& account, const std::string& record) {
  const auto view = Await<RecordView>([&](auto done) {
    realm_.engine().records().GetRecord({"chat", account}, record, std::move(done));
  });
  if (!view.ok() || !view->registered) std::abort();
  const RecordVersion* newest = view->record.Newest();
  return newest == nullptr ? 0 : newest->left();
}

bool NetworkedRealm::IsDestroyed(const std::string& account, const std::string& record) {
  const auto stored = realm_.StoredRecord({"chat", account, record});
  return stored && stored->destroyed;
}

}  // namespace labrec::recovery

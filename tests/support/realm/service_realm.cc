#include "tests/support/realm/service_realm.h"

#include <cstdlib>
#include <iostream>
#include <utility>

#include <grpcpp/server_builder.h>
#include <spdlog/spdlog.h>

#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "recovery/ledger/ledger.h"
#include "recovery/server/tokens/issuer.h"

namespace labrec::test {
namespace {

constexpr uint32_t kBucketExponent = 2;

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::cerr << "the realm under test cannot be made: " << value.status() << "\n";
  std::abort();
}

void Must(const absl::Status& status) {
  Must(status.ok() ? absl::StatusOr<int>(0) : status);
}

}  // namespace

ServiceRealm::ServiceRealm(Bytes id, hsm::Device& device, const Clock& clock,
                           const std::filesystem::path& parent)
    : id_(std::move(id)), device_(device), clock_(clock), folder_(parent) {
  spdlog::set_level(spdlog::level::off);
  const auto jwks = folder_.path() / "chat.jwks";
  Must(WriteFile(jwks, AsBytes(recovery::TokenKeySet(token_key_.public_key())), 0644, Overwrite::kReplace));
  tokens_ = Must(recovery::TokenVerifier::Create({{"chat", jwks}}, Hex(id_), clock_, {8192, 64}));
  Start();
}

ServiceRealm::~ServiceRealm() {
  Stop();
}

void ServiceRealm::Start() {
  const std::filesystem::path folder = folder_.path() / std::to_string(renewals_);
  std::filesystem::create_directory(folder);
  recovery::SqliteOptions create;
  create.open = recovery::SqliteOptions::Open::kCreateIfMissing;
  store_ = Must(recovery::OpenSqliteStore(folder / "ledger.sqlite", create));
  Must(recovery::Ledger::Create(*store_, *device_.freshness_anchor(), id_, kBucketExponent).status());
  audit_ = Must(recovery::AuditLog::Open(folder / "audit.log", clock_));
  log_ = std::make_unique<recovery::AccountLog>(*audit_, metrics_);
  recovery::EngineOptions options;
  options.realm_name = "test";
  options.realm_id = id_;
  options.attestation_limits = {1'000'000, 1'000'000};  // none, as for calls
  engine_ = Must(recovery::Engine::Start(std::move(options), *store_, device_, device_, clock_,
                                         [](const absl::Status& status) {
                                           Must(status);
                                           std::abort();
                                         }));
  recovery::RealmFacts facts;
  facts.realm_id = id_;
  facts.name = "test";
  facts.evaluation_public_key = ToBytes(device_.evaluation_key()->public_key().Compressed());
  service_ = std::make_unique<recovery::RecoveryService>(*engine_, *tokens_, rates_, *log_, facts);
  grpc_service_ = std::make_unique<recovery::GrpcService>(*service_, traffic_);
  grpc::ServerBuilder builder;
  builder.RegisterService(grpc_service_.get());
  server_ = builder.BuildAndStart();
  channel_ = server_->InProcessChannel({});
  stub_ = labyrinth::recovery::v1::Recovery::NewStub(channel_);
}

void ServiceRealm::Stop() {
  stub_.reset();
  channel_.reset();
  server_->Shutdown();
  server_->Wait();
  server_.reset();
  engine_.reset();  // answers what it has; then nobody calls the service any more
  grpc_service_.reset();
  service_.reset();
  log_.reset();
  audit_.reset();
  store_.reset();
}

void ServiceRealm::Renew() {
  Stop();
  std::filesystem::remove_all(folder_.path() / std::to_string(renewals_++));
  Start();
}

std::string ServiceRealm::Token(const std::string& account) const {
  recovery::TokenContents contents;
  contents.tenant = "chat";
  contents.account = account;
  contents.audience = Hex(id_);
  contents.issued_at_s = clock_.NowMillis() / 1000;
  return recovery::IssueToken(token_key_, contents);
}

}  // namespace labrec::test

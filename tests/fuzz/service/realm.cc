#include "tests/fuzz/service/realm.h"

#include <cstdlib>
#include <iostream>
#include <utility>

#include <grpcpp/server_builder.h>
#include <spdlog/spdlog.h>

#include "hsm/base/clock.h"
#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "recovery/ledger/ledger.h"
#include "recovery/server/tokens/issuer.h"

namespace labrec::fuzz {
namespace {

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::cerr << "the realm under test cannot be made: " << value.status() << "\n";
  std::abort();
}

}  // namespace

ServiceRealm::ServiceRealm() {
  spdlog::set_level(spdlog::level::off);
  device_ = sim::OpenChip(chip_, bus_, sim::AnchorShape::kCounter, 1);
  recovery::SqliteOptions create;
  create.open = recovery::SqliteOptions::Open::kCreateIfMissing;
  store_ = Must(recovery::OpenSqliteStore(folder_.path() / "ledger.sqlite", create));
  if (!recovery::Ledger::Create(*store_, *device_->freshness_anchor(), id_, 2).ok()) std::abort();
  recovery::EngineOptions options;
  options.realm_name = "fuzz";
  options.realm_id = id_;
  engine_ = Must(recovery::Engine::Start(std::move(options), *store_, *device_, *device_, SystemClock(),
                                         [](const absl::Status&) { std::abort(); }));
  const auto jwks = folder_.path() / "chat.jwks";
  if (!WriteFile(jwks, AsBytes(recovery::TokenKeySet(token_key_.public_key())), 0644, Overwrite::kReplace)
           .ok()) {
    std::abort();
  }
  tokens_ =
      Must(recovery::TokenVerifier::Create({{"chat", jwks, {}}}, {Hex(id_), "fuzz"}, SystemClock(), 64));
  audit_ = Must(recovery::AuditLog::Open("/dev/null", SystemClock()));
  log_ = std::make_unique<recovery::AccountLog>(*audit_, metrics_);
  recovery::RealmFacts facts;
  facts.realm_id = id_;
  facts.name = "fuzz";
  service_ = std::make_unique<recovery::RecoveryService>(*engine_, *tokens_, rates_, *log_, traffic_, facts);
  grpc::ServerBuilder builder;
  builder.RegisterService(service_.get());
  server_ = builder.BuildAndStart();
  stub_ = labyrinth::recovery::v1::Recovery::NewStub(server_->InProcessChannel({}));
}

ServiceRealm::~ServiceRealm() {
  stub_.reset();
  server_->Shutdown();
  server_->Wait();
}

std::string ServiceRealm::Bearer(const std::string& account) const {
  recovery::TokenContents contents;
  contents.tenant = "chat";
  contents.account = account;
  contents.audiences = {Hex(id_)};
  contents.issued_at_s = SystemClock().NowMillis() / 1000;
  return "Bearer " + recovery::IssueToken(token_key_, contents);
}

}  // namespace labrec::fuzz

#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "recovery/api/v1/recovery.grpc.pb.h"
#include "recovery/engine/engine.h"
#include "recovery/server/service/realm_description.h"
#include "recovery/server/service/rpc.h"
#include "recovery/server/tokens/verifier.h"
#include "recovery/server/transport/rate_limiter.h"
#include "recovery/server/transport/tls_key_hash.h"
#include "recovery/server/watch/account_log.h"
#include "recovery/server/watch/traffic.h"

namespace labrec::recovery {

// The client API (recovery.proto) over an engine. Everything that can be judged from the request alone
// (token, rate, sizes, points, keys) is judged here, in gRPC's threads, before the engine's queue sees it: a
// refused request costs no place in it and counts nothing. Threads: gRPC's. All references outlive the
// service.
class RecoveryService : public labyrinth::recovery::v1::Recovery::CallbackService {
 public:
  // `tls_certificates`: PEM files with the certificates that clients see, the realm's own or its proxy's.
  RecoveryService(Engine& engine, TokenVerifier& tokens, RateLimiter& rates, AccountLog& log,
                  Traffic& traffic, RealmFacts facts,
                  std::vector<std::filesystem::path> tls_certificates = {});
  ~RecoveryService() override;
  RecoveryService(const RecoveryService&) = delete;
  RecoveryService& operator=(const RecoveryService&) = delete;

 private:
#define LABREC_METHOD(name)                                                             \
  grpc::ServerUnaryReactor* name(grpc::CallbackServerContext* context,                  \
                                 const labyrinth::recovery::v1::name##Request* request, \
                                 labyrinth::recovery::v1::name##Response* response) override
  LABREC_METHOD(GetRealm);
  LABREC_METHOD(GetChallenge);
  LABREC_METHOD(EnrollDevice);
  LABREC_METHOD(RevokeDevice);
  LABREC_METHOD(ListDevices);
  LABREC_METHOD(BeginRegistration);
  LABREC_METHOD(FinishRegistration);
  LABREC_METHOD(Activate);
  LABREC_METHOD(BeginChipWrite);
  LABREC_METHOD(FinishChipWrite);
  LABREC_METHOD(ConfirmKey);
  LABREC_METHOD(GetRecord);
  LABREC_METHOD(Evaluate);
  LABREC_METHOD(BeginUnlock);
  LABREC_METHOD(Unlock);
  LABREC_METHOD(DeleteRecord);
  LABREC_METHOD(RaiseFloor);
  LABREC_METHOD(GetFloor);
  LABREC_METHOD(GetIdentity);
  LABREC_METHOD(ActivateCredential);
  LABREC_METHOD(Attest);
#undef LABREC_METHOD

  absl::Status BeginChipRegistration(Caller caller,
                                     const labyrinth::recovery::v1::BeginRegistrationRequest& request,
                                     labyrinth::recovery::v1::BeginRegistrationResponse* response,
                                     const Rpc& rpc);
  // From the bearer token. UNAUTHENTICATED says what is wrong with it.
  absl::StatusOr<TokenHolder> HolderOf(const grpc::CallbackServerContext& context);
  // Who calls. UNAUTHENTICATED as above; RESOURCE_EXHAUSTED if that account or tenant calls too often.
  absl::StatusOr<Caller> Authenticate(const Rpc& rpc);
  // Leaves a line where the outcome is Destroyed, and calls `then` in any case.
  template <typename Outcome>
  void LogDestroyed(const Caller& caller, const std::string& record, const Outcome& outcome,
                    const std::function<void()>& then);

  Engine& engine_;
  TokenVerifier& tokens_;
  RateLimiter& rates_;
  AccountLog& log_;
  Traffic& traffic_;
  const RealmFacts facts_;
  OwnTlsKeys tls_keys_;
};

}  // namespace labrec::recovery

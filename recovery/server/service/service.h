#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "recovery/api/v1/recovery.pb.h"
#include "recovery/engine/engine.h"
#include "recovery/server/service/call.h"
#include "recovery/server/service/realm_description.h"
#include "recovery/server/service/tenants.h"
#include "recovery/server/tokens/verifier.h"
#include "recovery/server/transport/rate_limiter.h"
#include "recovery/server/transport/tls_key_hash.h"
#include "recovery/server/watch/account_log.h"

namespace labrec::recovery {

// The methods of the client API (recovery.proto), one by one: X(method).
#define LABREC_RECOVERY_METHODS(X) \
  X(GetRealm)                      \
  X(GetChallenge)                  \
  X(EnrollDevice)                  \
  X(RevokeDevice)                  \
  X(ListDevices)                   \
  X(BeginRegistration)             \
  X(FinishRegistration)            \
  X(Activate)                      \
  X(BeginChipWrite)                \
  X(FinishChipWrite)               \
  X(ConfirmKey)                    \
  X(GetRecord)                     \
  X(Evaluate)                      \
  X(BeginUnlock)                   \
  X(Unlock)                        \
  X(DeleteRecord)                  \
  X(RaiseFloor)                    \
  X(GetFloor)                      \
  X(GetIdentity)                   \
  X(ActivateCredential)            \
  X(Attest)

// The client API over an engine, whatever transport calls came over: grpc_service.h and server/web call it.
// Everything that can be judged from the request alone (token, rate, sizes, points, keys) is judged here, in
// the transport's threads, before the engine's queue sees it: a refused request costs no place in it and
// counts nothing. Threads: any. All references outlive the service.
class RecoveryService {
 public:
  // `tls_certificates`: PEM files with the certificates that clients see, the realm's own or its proxy's.
  // `tenants`: what is granted to whom; null: to all tenants of `tokens` what the realm grants.
  RecoveryService(Engine& engine, TokenVerifier& tokens, RateLimiter& rates, AccountLog& log,
                  RealmFacts facts, std::vector<std::filesystem::path> tls_certificates = {},
                  const Tenants* tenants = nullptr);
  RecoveryService(const RecoveryService&) = delete;
  RecoveryService& operator=(const RecoveryService&) = delete;

  // Each either hands the call on, which is finished later from any thread, or returns the error that it is
  // to be finished with (Call::Run). The request is read before it returns; the response is filled until the
  // call is finished.
#define LABREC_METHOD(name)                                                                  \
  absl::Status name(const Call& call, const labyrinth::recovery::v1::name##Request& request, \
                    labyrinth::recovery::v1::name##Response* response);
  LABREC_RECOVERY_METHODS(LABREC_METHOD)
#undef LABREC_METHOD

 private:
  absl::Status BeginChipRegistration(const Caller& caller,
                                     const labyrinth::recovery::v1::BeginRegistrationRequest& request,
                                     labyrinth::recovery::v1::BeginRegistrationResponse* response,
                                     const Call& call);
  // From the bearer token. UNAUTHENTICATED says what is wrong with it.
  absl::StatusOr<TokenHolder> HolderOf(const Call& call);
  // Who calls. UNAUTHENTICATED as above; PERMISSION_DENIED if that tenant is disabled; RESOURCE_EXHAUSTED if
  // that account or tenant calls too often.
  absl::StatusOr<Caller> Authenticate(const Call& call);
  // The same, of a token that was verified already.
  absl::StatusOr<Caller> CallerOf(const TokenHolder& holder, const Call& call);
  absl::StatusOr<TenantTerms> TermsOf(const std::string& tenant) const;
  // Who may enrol this key as the first device by this token alone.
  absl::StatusOr<FirstDevicePolicy> FirstDeviceFor(const EcdsaPublicKey& key,
                                                   const TokenHolder& holder) const;
  // INVALID_ARGUMENT: more guesses than the tenant's records may have.
  absl::Status CheckGuessLimitOf(const Caller& caller, uint32_t guess_limit) const;
  // A challenge for the caller's next signed request, which saves it the asking.
  void GiveChallenge(const Caller& caller, std::string* challenge);
  // Leaves a line where the outcome is Destroyed, and calls `then` in any case.
  template <typename Outcome>
  void LogDestroyed(const Caller& caller, const std::string& record, const Outcome& outcome,
                    const std::function<void()>& then);

  Engine& engine_;
  TokenVerifier& tokens_;
  RateLimiter& rates_;
  const Tenants* const tenants_;
  AccountLog& log_;
  const RealmFacts facts_;
  OwnTlsKeys tls_keys_;
};

}  // namespace labrec::recovery

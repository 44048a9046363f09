#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/statusor.h"

#include "hsm/base/hash.h"
#include "recovery/api/v1/recovery.pb.h"
#include "recovery/client/base/cancellation.h"
#include "recovery/client/base/client_options.h"
#include "recovery/client/base/realm_address.h"
#include "recovery/client/grpc/messages.h"
#include "recovery/client/tokens/realm_token.h"

namespace grpc {
class ClientContext;
class Status;
}  // namespace grpc

namespace labrec::recovery::client {

// The way to one realm: TLS 1.3, trusting only the certificates of its address, with the caller's token for
// this realm alone in every call but GetRealm and GetIdentity, which need none. Connects at the first call,
// and again when needed. Making one requires TLS 1.3 of the whole
// process (recovery/api/tls13.h). Any thread.
//
// Errors carry the realm's name in front, and its own code (recovery.proto's header says what each means):
// UNAVAILABLE if it cannot be reached, DEADLINE_EXCEEDED if it takes too long, CANCELLED after
// Cancellation::Cancel. UNAVAILABLE is repeated with jittered, growing pauses where repeating changes
// nothing: GetRealm, GetChallenge, GetRecord, ListDevices, BeginUnlock, GetIdentity, ActivateCredential,
// Attest, BeginChipWrite, and Evaluate, since a realm counts an element once; Evaluate is also repeated once
// after DEADLINE_EXCEEDED. RESOURCE_EXHAUSTED with a time to come back is repeated for every call: nothing
// was decided. UNAUTHENTICATED is repeated once where there is another token to be had.
//
// A realm of which a proof is demanded is Unproven until it is given: nothing is sent to it but the calls
// that the proof consists of (IsOfProof), whatever it answers to them. Once Proven it is reached only on
// connections with the TLS key that it proved itself on.
class RealmChannel {
 public:
  RealmChannel(RealmAddress address, TokenFetch token, ChannelOptions options);
  ~RealmChannel();
  RealmChannel(const RealmChannel&) = delete;
  RealmChannel& operator=(const RealmChannel&) = delete;

  const RealmAddress& address() const { return address_; }
  ByteView id() const { return address_.id; }
  const std::string& name() const { return address_.name; }

  // For the files of this folder: gRPC's stubs, and what the connection's certificate is after a call.
  struct Connection;
  std::shared_ptr<Connection> connection() const;
  RealmToken& token() { return token_; }
  absl::Status NoteCertificate(const grpc::ClientContext& context);
  // Why it is unproven, if it is; the TLS key that it proved itself on, if it did.
  absl::Status unproven() const;
  std::optional<Digest> proven_tls_key() const;

  absl::StatusOr<v1::GetRealmResponse> Call(const v1::GetRealmRequest&, Cancellation&);
  absl::StatusOr<v1::GetChallengeResponse> Call(const v1::GetChallengeRequest&, Cancellation&);
  absl::StatusOr<v1::GetRecordResponse> Call(const v1::GetRecordRequest&, Cancellation&);
  absl::StatusOr<v1::ListDevicesResponse> Call(const v1::ListDevicesRequest&, Cancellation&);
  absl::StatusOr<v1::EvaluateResponse> Call(const v1::EvaluateRequest&, Cancellation&);
  absl::StatusOr<v1::BeginUnlockResponse> Call(const v1::BeginUnlockRequest&, Cancellation&);
  absl::StatusOr<v1::AttestResponse> Call(const v1::AttestRequest&, Cancellation&);

  // SHA-256 of the SubjectPublicKeyInfo of the certificate that the realm showed on the connection of the
  // call that was answered last. UNAVAILABLE if none was.
  absl::StatusOr<Digest> TlsKeyHash() const;
  // From now on the realm is unproven: other calls than those of the proof fail, with `why`'s code.
  void SetUnproven(const absl::Status& why);
  // It proved itself on a connection with this TLS key. Calls that are under way end on their own connection.
  void SetProven(const Digest& tls_key);

  absl::StatusOr<v1::GetIdentityResponse> Call(const v1::GetIdentityRequest&, Cancellation&);
  absl::StatusOr<v1::ActivateCredentialResponse> Call(const v1::ActivateCredentialRequest&, Cancellation&);
  absl::StatusOr<v1::BeginChipWriteResponse> Call(const v1::BeginChipWriteRequest&, Cancellation&);

  absl::StatusOr<v1::FinishChipWriteResponse> Call(const v1::FinishChipWriteRequest&, Cancellation&);
  absl::StatusOr<v1::ConfirmKeyResponse> Call(const v1::ConfirmKeyRequest&, Cancellation&);
  absl::StatusOr<v1::UnlockResponse> Call(const v1::UnlockRequest&, Cancellation&);
  absl::StatusOr<v1::BeginRegistrationResponse> Call(const v1::BeginRegistrationRequest&, Cancellation&);
  absl::StatusOr<v1::FinishRegistrationResponse> Call(const v1::FinishRegistrationRequest&, Cancellation&);
  absl::StatusOr<v1::ActivateResponse> Call(const v1::ActivateRequest&, Cancellation&);
  absl::StatusOr<v1::DeleteRecordResponse> Call(const v1::DeleteRecordRequest&, Cancellation&);
  absl::StatusOr<v1::EnrollDeviceResponse> Call(const v1::EnrollDeviceRequest&, Cancellation&);
  absl::StatusOr<v1::RevokeDeviceResponse> Call(const v1::RevokeDeviceRequest&, Cancellation&);
  absl::StatusOr<v1::RaiseFloorResponse> Call(const v1::RaiseFloorRequest&, Cancellation&);
  absl::StatusOr<v1::GetFloorResponse> Call(const v1::GetFloorRequest&, Cancellation&);

 private:
  enum class Repeat {
    kRefused,      // after UNAVAILABLE: not
    kSafe,         // after UNAVAILABLE
    kSafeAndDear,  // after UNAVAILABLE, and once after DEADLINE_EXCEEDED: the realm may have counted it
  };
  struct NoProofDemanded {};
  struct Unproven {
    absl::Status why;
  };
  struct Proven {
    Digest tls_key;
  };
  using Proof = std::variant<NoProofDemanded, Unproven, Proven>;
  // The connection for a request of this kind, or why there is none.
  template <typename Request>
  absl::StatusOr<std::shared_ptr<Connection>> ConnectionFor() const;
  template <typename Request>
  absl::StatusOr<std::string> TokenFor(Cancellation& cancellation);
  template <typename Request, typename Response, typename Method>
  absl::StatusOr<Response> Run(const char* operation, Method method, Repeat repeat, const Request& request,
                               Cancellation& cancellation);
  absl::Status ToStatus(const char* operation, const grpc::Status& status) const;

  RealmAddress address_;
  RealmToken token_;
  ChannelOptions options_;
  mutable std::mutex mutex_;
  std::shared_ptr<Connection> connection_;
  std::string certificate_;  // PEM
  Proof proof_;
};

}  // namespace labrec::recovery::client

#include "recovery/client/grpc/realm_channel.h"

#include <cstdlib>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/security/credentials.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/clock.h"
#include "hsm/base/status_macros.h"
#include "hsm/base/text/host_port.h"
#include "recovery/api/lasting_grpc.h"
#include "recovery/api/retry_after.h"
#include "recovery/api/tls13.h"
#include "recovery/client/grpc/connection.h"
#include "recovery/client/grpc/http_proxy.h"
#include "recovery/client/grpc/messages.h"
#include "recovery/client/grpc/retry_pause.h"
#include "recovery/client/grpc/tls_key.h"
#include "recovery/client/report/realm_refusal.h"

namespace labrec::recovery::client {
namespace {

using std::chrono::milliseconds;

constexpr int kLargestAnswer = 256 << 10;

std::shared_ptr<grpc::ChannelCredentials> TlsOf(const RealmAddress& address) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = address.ca_pem;
  return grpc::SslCredentials(tls);
}

// Whether a request is one of those by which a realm proves itself: they carry nothing of a record.
template <typename Request>
constexpr bool IsOfProof() {
  return std::is_same_v<Request, v1::GetRealmRequest> || std::is_same_v<Request, v1::GetIdentityRequest> ||
         std::is_same_v<Request, v1::AttestRequest>;
}

std::shared_ptr<grpc::Channel> Connect(const RealmAddress& address,
                                       const std::shared_ptr<grpc::ChannelCredentials>& tls) {
  RequireTls13();
  KeepGrpcUntilExit();
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5'000);
  arguments.SetMaxReceiveMessageSize(kLargestAnswer);
  if (!address.server_name.empty()) arguments.SetSslTargetNameOverride(address.server_name);
  // A connection of another channel is not used for this one.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(TargetUri(address.address), tls, arguments);
}

std::optional<milliseconds> RetryAfter(const grpc::ClientContext& context) {
  const auto& metadata = context.GetServerTrailingMetadata();
  const auto entry = metadata.find(kRetryAfter);
  int64_t time = 0;
  if (entry == metadata.end() ||
      !absl::SimpleAtoi(absl::string_view(entry->second.data(), entry->second.size()), &time) || time < 0) {
    return std::nullopt;
  }
  return milliseconds(time);
}

// What to do about it, for the codes where that is always the same.
const char* Advice(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::UNAVAILABLE:
      return " (check that the realm runs and its address and CA certificate are right; then try again)";
    case grpc::StatusCode::UNAUTHENTICATED:
      return " (get a new token for this realm)";
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return " (try again, or allow more time)";
    default:
      return "";
  }
}

}  // namespace

RealmChannel::RealmChannel(RealmAddress address, TokenFetch token, ChannelOptions options)
    : address_(std::move(address)),
      token_(address_.id, std::move(token), SystemClock()),
      options_(options),
      connection_(std::make_shared<Connection>(Connect(address_, TlsOf(address_)))) {}

RealmChannel::~RealmChannel() = default;

absl::Status RealmChannel::ToStatus(const char* operation, const grpc::Status& status) const {
  std::string through;
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    const std::string proxy = HttpProxyFor(address_.address, getenv);
    if (!proxy.empty())
      through = absl::StrCat(", through the proxy that the environment names (", proxy, ")");
  }
  return RefusedByRealm(
      absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                   absl::StrCat("realm ", name(), " (", address_.address, ")", through, ", ", operation, ": ",
                                status.error_message(), Advice(status.error_code()))));
}

absl::Status RealmChannel::NoteCertificate(const grpc::ClientContext& context) {
  const auto shown = context.auth_context()->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  std::optional<Digest> required;
  {
    const std::lock_guard lock(mutex_);
    certificate_ = shown.empty() ? "" : std::string(shown.front().data(), shown.front().size());
    if (const auto* proven = std::get_if<Proven>(&proof_)) required = proven->tls_key;
  }
  if (!required) return absl::OkStatus();
  const absl::StatusOr<Digest> hash = TlsKeyHash();
  if (hash.ok() && *hash == *required) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat(
      "realm ", name(), " (", address_.address,
      "): the answer came on a connection with another TLS key than the one that it proved itself on"));
}

void RealmChannel::SetUnproven(const absl::Status& why) {
  const std::lock_guard lock(mutex_);
  proof_ = Unproven{absl::Status(
      why.code(),
      absl::StrCat("realm ", name(), " is not asked, as it has not proven itself: ", why.message()))};
}

void RealmChannel::SetProven(const Digest& tls_key) {
  auto connection = std::make_shared<Connection>(Connect(address_, PinnedTls(address_.ca_pem, tls_key)));
  const std::lock_guard lock(mutex_);
  connection_ = std::move(connection);
  proof_ = Proven{tls_key};
}

std::shared_ptr<RealmChannel::Connection> RealmChannel::connection() const {
  const std::lock_guard lock(mutex_);
  return connection_;
}

absl::Status RealmChannel::unproven() const {
  const std::lock_guard lock(mutex_);
  const auto* const unproven = std::get_if<Unproven>(&proof_);
  return unproven == nullptr ? absl::OkStatus() : unproven->why;
}

std::optional<Digest> RealmChannel::proven_tls_key() const {
  const std::lock_guard lock(mutex_);
  const auto* const proven = std::get_if<Proven>(&proof_);
  if (proven == nullptr) return std::nullopt;
  return proven->tls_key;
}

absl::StatusOr<Digest> RealmChannel::TlsKeyHash() const {
  std::string pem;
  {
    const std::lock_guard lock(mutex_);
    pem = certificate_;
  }
  const absl::StatusOr<Digest> hash = TlsKeyHashOf(pem);
  if (hash.ok()) return hash;
  return absl::UnavailableError(absl::StrCat("realm ", name(), " showed no certificate yet"));
}

template <typename Request>
absl::StatusOr<std::shared_ptr<RealmChannel::Connection>> RealmChannel::ConnectionFor() const {
  const std::lock_guard lock(mutex_);
  if constexpr (!IsOfProof<Request>()) {
    if (const auto* unproven = std::get_if<Unproven>(&proof_)) return unproven->why;
  }
  return connection_;
}

// The token to send with a request; empty: none.
template <typename Request>
absl::StatusOr<std::string> RealmChannel::TokenFor(Cancellation& cancellation) {
  if constexpr (std::is_same_v<Request, v1::GetRealmRequest> ||
                std::is_same_v<Request, v1::GetIdentityRequest>) {
    return std::string();
  }
  absl::StatusOr<std::string> token = token_.Get([&] { return cancellation.cancelled(); });
  if (token.ok()) return token;
  return absl::Status(token.status().code(), absl::StrCat("realm ", name(), ": ", token.status().message()));
}

template <typename Request, typename Response, typename Method>
absl::StatusOr<Response> RealmChannel::Run(const char* operation, Method method, Repeat repeat,
                                           const Request& request, Cancellation& cancellation) {
  bool renewed = false;
  for (int attempt = 0;; ++attempt) {
    LABREC_ASSIGN_OR_RETURN(const std::shared_ptr<Connection> connection, ConnectionFor<Request>());
    LABREC_ASSIGN_OR_RETURN(const std::string token, TokenFor<Request>(cancellation));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + options_.timeout);
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    Response response;
    grpc::Status status;
    {
      const Cancellation::Watch watch(cancellation, [&context] { context.TryCancel(); });
      status = (connection->stub.get()->*method)(&context, request, &response);
    }
    if (status.ok()) {
      if (const absl::Status foreign = NoteCertificate(context); !foreign.ok()) return foreign;
      return response;
    }

    if (status.error_code() == grpc::StatusCode::UNAUTHENTICATED && !std::exchange(renewed, true) &&
        token_.Renew(token, [&] { return cancellation.cancelled(); })) {
      continue;
    }
    std::optional<milliseconds> pause;
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE && repeat != Repeat::kRefused) {
      pause = RetryPause(attempt);
    }
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED && repeat == Repeat::kSafeAndDear &&
        attempt == 0) {
      pause = milliseconds(0);
    }
    if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) pause = RetryAfter(context);
    if (!pause || *pause > options_.timeout || attempt + 1 >= options_.attempts ||
        cancellation.WaitFor(*pause)) {
      return ToStatus(operation, status);
    }
  }
}

#define LABREC_REALM_CALL(operation, repeat)                                                         \
  absl::StatusOr<v1::operation##Response> RealmChannel::Call(const v1::operation##Request& request,  \
                                                             Cancellation& cancellation) {           \
    return Run<v1::operation##Request, v1::operation##Response>(                                     \
        #operation, &v1::Recovery::StubInterface::operation, Repeat::repeat, request, cancellation); \
  }
LABREC_REALM_CALL(GetRealm, kSafe)
LABREC_REALM_CALL(GetChallenge, kSafe)
LABREC_REALM_CALL(GetRecord, kSafe)
LABREC_REALM_CALL(ListDevices, kSafe)
LABREC_REALM_CALL(Evaluate, kSafeAndDear)
LABREC_REALM_CALL(BeginUnlock, kSafe)
LABREC_REALM_CALL(GetIdentity, kSafe)
LABREC_REALM_CALL(ActivateCredential, kSafe)
LABREC_REALM_CALL(BeginChipWrite, kSafe)
LABREC_REALM_CALL(FinishChipWrite, kSafe)
LABREC_REALM_CALL(ConfirmKey, kRefused)
LABREC_REALM_CALL(Attest, kSafe)
LABREC_REALM_CALL(Unlock, kRefused)
LABREC_REALM_CALL(BeginRegistration, kRefused)
LABREC_REALM_CALL(FinishRegistration, kRefused)
LABREC_REALM_CALL(Activate, kRefused)
LABREC_REALM_CALL(DeleteRecord, kRefused)
LABREC_REALM_CALL(EnrollDevice, kRefused)
LABREC_REALM_CALL(RevokeDevice, kRefused)
LABREC_REALM_CALL(RaiseFloor, kRefused)
LABREC_REALM_CALL(GetFloor, kRefused)
#undef LABREC_REALM_CALL

}  // namespace labrec::recovery::client

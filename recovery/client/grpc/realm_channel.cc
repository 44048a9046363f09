#include "recovery/client/grpc/realm_channel.h"

#include <cstdlib>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/security/credentials.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/clock.h"
#include "hsm/base/host_port.h"
#include "hsm/base/openssl_ptr.h"
#include "hsm/base/status_macros.h"
#include "recovery/api/retry_after.h"
#include "recovery/api/tls13.h"
#include "recovery/api/v1/recovery.grpc.pb.h"
#include "recovery/client/base/realm_refusal.h"
#include "recovery/client/grpc/http_proxy.h"
#include "recovery/client/grpc/messages.h"
#include "recovery/client/grpc/retry_pause.h"

namespace labrec::recovery::client {
namespace {

using std::chrono::milliseconds;

using BioPtr = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;

constexpr int kLargestAnswer = 256 << 10;

std::shared_ptr<grpc::Channel> Connect(const RealmAddress& address) {
  RequireTls13();
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = address.ca_pem;
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5'000);
  arguments.SetMaxReceiveMessageSize(kLargestAnswer);
  if (!address.server_name.empty()) arguments.SetSslTargetNameOverride(address.server_name);
  return grpc::CreateCustomChannel(TargetUri(address.address), grpc::SslCredentials(tls), arguments);
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

struct RealmChannel::Connection {
  std::unique_ptr<v1::Recovery::Stub> stub;
};

RealmChannel::RealmChannel(RealmAddress address, TokenFetch token, ChannelOptions options)
    : address_(std::move(address)),
      token_(address_.id, std::move(token), SystemClock()),
      options_(options),
      connection_(new Connection{v1::Recovery::NewStub(Connect(address_))}) {}

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
    required = required_tls_key_;
  }
  if (!required) return absl::OkStatus();
  const absl::StatusOr<Digest> hash = TlsKeyHash();
  if (hash.ok() && *hash == *required) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat(
      "realm ", name(), " (", address_.address,
      "): the answer came on a connection with another TLS key than the one that it proved itself on"));
}

void RealmChannel::RequireTlsKey(const Digest& hash) {
  const std::lock_guard lock(mutex_);
  required_tls_key_ = hash;
}

absl::StatusOr<Digest> RealmChannel::TlsKeyHash() const {
  std::string pem;
  {
    const std::lock_guard lock(mutex_);
    pem = certificate_;
  }
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  unsigned char* spki = nullptr;
  const int size =
      certificate == nullptr ? -1 : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &spki);
  if (size <= 0) return absl::UnavailableError(absl::StrCat("realm ", name(), " showed no certificate yet"));
  const Digest hash = Sha256(ByteView(spki, static_cast<size_t>(size)));
  OPENSSL_free(spki);
  return hash;
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
    LABREC_ASSIGN_OR_RETURN(const std::string token, TokenFor<Request>(cancellation));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + options_.timeout);
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    Response response;
    grpc::Status status;
    {
      const Cancellation::Watch watch(cancellation, [&context] { context.TryCancel(); });
      status = (connection_->stub.get()->*method)(&context, request, &response);
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

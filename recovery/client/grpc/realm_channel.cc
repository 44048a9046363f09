#include "recovery/client/grpc/realm_channel.h"

#include <mutex>
#include <optional>
#include <utility>

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/security/credentials.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/clock.h"
#include "hsm/base/text/host_port.h"
#include "recovery/api/lasting_grpc.h"
#include "recovery/api/tls13.h"
#include "recovery/client/grpc/connection.h"
#include "recovery/client/grpc/tls_key.h"

namespace labrec::recovery::client {
namespace {

constexpr int kLargestAnswer = 256 << 10;

std::shared_ptr<grpc::ChannelCredentials> TlsOf(const RealmAddress& address) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = address.ca_pem;
  return grpc::SslCredentials(tls);
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

}  // namespace

RealmChannel::RealmChannel(RealmAddress address, TokenFetch token)
    : address_(std::move(address)),
      token_(address_.id, std::move(token), SystemClock()),
      connection_(std::make_shared<Connection>(Connect(address_, TlsOf(address_)))) {}

RealmChannel::~RealmChannel() = default;

absl::StatusOr<Digest> RealmChannel::NoteCertificate(const grpc::ClientContext& context) {
  const auto shown = context.auth_context()->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  const std::string pem = shown.empty() ? "" : std::string(shown.front().data(), shown.front().size());
  const std::lock_guard lock(mutex_);
  certificate_ = pem;
  return TlsKeyHashOf(pem);
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

}  // namespace labrec::recovery::client

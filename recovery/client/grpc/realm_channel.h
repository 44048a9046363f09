#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/statusor.h"

#include "hsm/base/hash.h"
#include "recovery/client/base/realm_address.h"
#include "recovery/client/tokens/realm_token.h"

namespace grpc {
class ClientContext;
}  // namespace grpc

namespace labrec::recovery::client {

// The way to one realm: TLS 1.3, trusting only the certificates of its address, and the caller's token for
// this realm alone. Connects at the first call, and again when needed. Making one requires TLS 1.3 of the
// whole process (recovery/api/tls13.h). Which calls are made, and how often, is the core's. Any thread.
//
// A realm of which a proof is demanded is Unproven until it is given: then the core sends nothing to it but
// the calls that the proof consists of, whatever it answers to them. Once Proven it is reached only on
// connections with the TLS key that it proved itself on.
class RealmChannel {
 public:
  RealmChannel(RealmAddress address, TokenFetch token);
  ~RealmChannel();
  RealmChannel(const RealmChannel&) = delete;
  RealmChannel& operator=(const RealmChannel&) = delete;

  const RealmAddress& address() const { return address_; }
  ByteView id() const { return address_.id; }
  const std::string& name() const { return address_.name; }

  // For the files of this folder: gRPC's stub, and what the connection's certificate is after a call.
  struct Connection;
  std::shared_ptr<Connection> connection() const;
  RealmToken& token() { return token_; }
  // What the realm showed on the connection of this call, which was answered: kept for TlsKeyHash.
  absl::StatusOr<Digest> NoteCertificate(const grpc::ClientContext& context);
  // Why it is unproven, if it is; the TLS key that it proved itself on, if it did.
  absl::Status unproven() const;
  std::optional<Digest> proven_tls_key() const;

  // SHA-256 of the SubjectPublicKeyInfo of the certificate that the realm showed on the connection of the
  // call that was answered last. UNAVAILABLE if none was.
  absl::StatusOr<Digest> TlsKeyHash() const;
  // From now on the realm is unproven: other calls than those of the proof fail, with `why`'s code.
  void SetUnproven(const absl::Status& why);
  // It proved itself on a connection with this TLS key. Calls that are under way end on their own connection.
  void SetProven(const Digest& tls_key);

 private:
  struct NoProofDemanded {};
  struct Unproven {
    absl::Status why;
  };
  struct Proven {
    Digest tls_key;
  };
  using Proof = std::variant<NoProofDemanded, Unproven, Proven>;

  RealmAddress address_;
  RealmToken token_;
  mutable std::mutex mutex_;
  std::shared_ptr<Connection> connection_;
  std::string certificate_;  // PEM
  Proof proof_;
};

}  // namespace labrec::recovery::client

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

#include "hsm/base/bytes.h"
#include "hsm/base/hash.h"
#include "recovery/api/request_bytes.h"
#include "recovery/client/core/host.h"

namespace labrec::recovery::client::core {

// A challenge that came with an answer, and that nothing was signed over yet.
struct HeldChallenge {
  Bytes bytes;
  int64_t until_ms = 0;  // on the flow's clock: afterwards the realm may have forgotten it
};

// One realm of the list, as one operation knows it.
struct Realm {
  Bytes id;             // 16 bytes; what tokens and signatures are for
  std::string name;     // how messages call it
  std::string address;  // for messages
  std::string route;    // for messages that say that it is away: "through ..."; may be empty
  // Not OK: a proof is demanded of it, and why there is none yet. It is then asked for nothing but the proof.
  absl::Status unproven;
  // The TLS key that it proved itself on. Answers on another one are not taken.
  std::optional<Digest> proven_tls_key;
  // What the host saw at the latest answer.
  std::optional<Digest> shown_tls_key;
  // For the next signed request, if an answer brought one (next_challenge). The latest.
  std::optional<HeldChallenge> challenge = std::nullopt;
};

struct Limits {
  int64_t timeout_ms = 10'000;  // of one call, its repetitions not included
  int attempts = 4;             // of a call that may be repeated
  int64_t grace_ms = 1'000;     // for the others, once enough realms have answered
  int64_t begin_ms = 120'000;   // of a registration's beginning at the slowest realm: see ClientOptions
};

// Whom an operation asks, and for whom: the realms of one account, in share order. Belongs to one operation;
// the host outlives it.
class Account {
 public:
  Account(Host& host, std::string tenant, std::string account, Limits limits)
      : host_(host), tenant_(std::move(tenant)), account_(std::move(account)), limits_(limits) {}
  Account(const Account&) = delete;
  Account& operator=(const Account&) = delete;

  void Add(Realm realm) { realms_.push_back(std::move(realm)); }
  size_t size() const { return realms_.size(); }
  Realm& operator[](size_t realm) { return realms_[realm]; }
  const Realm& operator[](size_t realm) const { return realms_[realm]; }

  Host& host() const { return host_; }
  const std::string& tenant() const { return tenant_; }
  const std::string& account() const { return account_; }
  const Limits& limits() const { return limits_; }
  // What signatures for this realm are about. Borrows.
  RequestScope ScopeAt(size_t realm) const { return {realms_[realm].id, tenant_, account_}; }

 private:
  Host& host_;
  std::string tenant_;
  std::string account_;
  Limits limits_;
  std::vector<Realm> realms_;
};

}  // namespace labrec::recovery::client::core

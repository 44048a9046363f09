#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "recovery/api/request_bytes.h"
#include "recovery/client/grpc/realm_channel.h"

namespace labrec::recovery::client {

struct ClientOptions {
  ChannelOptions channel;
  // How long the others are waited for once enough realms have answered (or as long again as that took).
  std::chrono::milliseconds grace{1'000};
};

// The realms of one account, in share order. What every operation of the library works on. Any thread, also
// several operations at once.
class RealmSet {
 public:
  RealmSet(std::string tenant, std::string account, ClientOptions options = {})
      : tenant_(std::move(tenant)), account_(std::move(account)), options_(options) {}

  // `token` is the bearer token's text for this realm. INVALID_ARGUMENT if the realm is there already or 16
  // are.
  absl::Status Add(RealmAddress address, std::string token);

  size_t size() const { return realms_.size(); }
  RealmChannel& operator[](size_t realm) const { return *realms_[realm]; }
  const std::string& tenant() const { return tenant_; }
  const std::string& account() const { return account_; }
  const ClientOptions& options() const { return options_; }
  // What signatures for this realm are about. Borrows from the set.
  RequestScope Scope(size_t realm) const { return {realms_[realm]->id(), tenant_, account_}; }
  // "alpha, beta".
  std::string Names(const std::vector<size_t>& realms) const;

 private:
  std::string tenant_;
  std::string account_;
  ClientOptions options_;
  std::vector<std::unique_ptr<RealmChannel>> realms_;
};

}  // namespace labrec::recovery::client

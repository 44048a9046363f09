#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"

#include "recovery/api/request_bytes.h"
#include "recovery/client/base/client_options.h"
#include "recovery/client/base/realm_address.h"
#include "recovery/client/tokens/realm_token.h"

namespace labrec::recovery::client {

class RealmChannel;  // grpc/realm_channel.h

// The realms of one account, in share order, and the connections to them. What every operation of the library
// works on. Any thread, also several operations at once. grpc/ has its functions, as it has the connections.
class RealmSet {
 public:
  RealmSet(std::string tenant, std::string account, ClientOptions options = {});
  ~RealmSet();
  RealmSet(const RealmSet&) = delete;
  RealmSet& operator=(const RealmSet&) = delete;

  // `token` is the bearer token's text for this realm. INVALID_ARGUMENT if the realm is there already or
  // kMostRealms are, or if the token is not for this realm alone.
  absl::Status Add(RealmAddress address, const std::string& token);
  // The same with tokens that are fetched when they are needed, and judged then.
  absl::Status Add(RealmAddress address, TokenFetch token);

  size_t size() const { return realms_.size(); }
  const RealmAddress& address(size_t realm) const;
  const std::string& tenant() const { return tenant_; }
  const std::string& account() const { return account_; }
  const ClientOptions& options() const { return options_; }
  // What signatures for this realm are about. Borrows from the set.
  RequestScope Scope(size_t realm) const { return {address(realm).id, tenant_, account_}; }
  // "alpha, beta".
  std::string Names(const std::vector<size_t>& realms) const;

  // The way to a realm, for the library's own parts.
  RealmChannel& operator[](size_t realm) const { return *realms_[realm]; }

 private:
  std::string tenant_;
  std::string account_;
  ClientOptions options_;
  std::vector<std::unique_ptr<RealmChannel>> realms_;
};

}  // namespace labrec::recovery::client

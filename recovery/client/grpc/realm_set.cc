#include "recovery/client/base/realm_set.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/api/limits.h"
#include "recovery/client/grpc/realm_channel.h"

namespace labrec::recovery::client {

RealmSet::RealmSet(std::string tenant, std::string account, ClientOptions options)
    : tenant_(std::move(tenant)), account_(std::move(account)), options_(options) {}

RealmSet::~RealmSet() = default;

const RealmAddress& RealmSet::address(size_t realm) const {
  return realms_[realm]->address();
}

absl::Status RealmSet::Add(RealmAddress address, const std::string& token) {
  LABREC_ASSIGN_OR_RETURN(BearerToken parsed, ParseBearerToken(token));
  LABREC_RETURN_IF_ERROR(CheckIsFor(parsed, address.id));
  return Add(std::move(address), [parsed = std::move(parsed)](const Cancelled&) { return parsed; });
}

absl::Status RealmSet::Add(RealmAddress address, TokenFetch token) {
  if (size() == kMostRealms)
    return absl::InvalidArgumentError(absl::StrCat("more than ", kMostRealms, " realms"));
  if (address.id.size() != kRealmIdBytes) return absl::InvalidArgumentError("a realm id has 16 bytes");
  for (const auto& realm : realms_) {
    if (SameBytes(realm->id(), address.id)) {
      return absl::InvalidArgumentError(absl::StrCat("realm id ", Hex(address.id), " is there twice"));
    }
  }
  realms_.push_back(std::make_unique<RealmChannel>(std::move(address), std::move(token)));
  return absl::OkStatus();
}

std::string RealmSet::Names(const std::vector<size_t>& realms) const {
  std::string names;
  for (const size_t realm : realms)
    absl::StrAppend(&names, names.empty() ? "" : ", ", realms_[realm]->name());
  return names;
}

}  // namespace labrec::recovery::client

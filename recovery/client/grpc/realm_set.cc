#include "recovery/client/grpc/realm_set.h"

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "recovery/api/limits.h"

namespace labrec::recovery::client {

absl::Status RealmSet::Add(RealmAddress address, std::string token) {
  if (size() == kMostRealms)
    return absl::InvalidArgumentError(absl::StrCat("more than ", kMostRealms, " realms"));
  if (address.id.size() != kRealmIdBytes) return absl::InvalidArgumentError("a realm id has 16 bytes");
  for (const auto& realm : realms_) {
    if (SameBytes(realm->id(), address.id)) {
      return absl::InvalidArgumentError(absl::StrCat("realm id ", Hex(address.id), " is there twice"));
    }
  }
  realms_.push_back(std::make_unique<RealmChannel>(std::move(address), std::move(token), options_.channel));
  return absl::OkStatus();
}

std::string RealmSet::Names(const std::vector<size_t>& realms) const {
  std::string names;
  for (const size_t realm : realms)
    absl::StrAppend(&names, names.empty() ? "" : ", ", realms_[realm]->name());
  return names;
}

}  // namespace labrec::recovery::client

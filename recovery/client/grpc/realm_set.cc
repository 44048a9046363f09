#include "recovery/client/grpc/realm_set.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/encoding.h"

namespace labrec::recovery::client {

absl::Status RealmSet::Add(RealmAddress address, std::string token) {
  if (size() == kMostRealms) return absl::InvalidArgumentError("more than 16 realms");
  if (address.id.size() != 16) return absl::InvalidArgumentError("a realm id has 16 bytes");
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

absl::Status CheckRecordName(std::string_view record) {
  const bool fits =
      !record.empty() && record.size() <= 64 && std::all_of(record.begin(), record.end(), [](char c) {
        return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
      });
  if (fits) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "record name \"", AbslView(record), "\": 1 to 64 letters, digits, dots, underscores and hyphens"));
}

}  // namespace labrec::recovery::client

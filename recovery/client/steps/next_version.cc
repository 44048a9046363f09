#include "recovery/client/steps/next_version.h"

#include <algorithm>
#include <functional>

#include "absl/strings/str_cat.h"

#include "recovery/api/limits.h"

namespace labrec::recovery::client {
namespace {

// Whether a realm whose highest number is `own` takes the one above `claim`.
bool Follows(uint32_t own, uint32_t claim) {
  return own <= claim && claim - own < kMostVersionStep;
}

}  // namespace

absl::StatusOr<VersionChoice> ChooseVersion(const std::vector<std::optional<uint32_t>>& highest,
                                            uint32_t threshold) {
  std::vector<uint32_t> claims;
  for (const auto& claim : highest) {
    if (claim) claims.push_back(*claim);
  }
  std::ranges::sort(claims, std::greater<>());
  const size_t needed = std::max<size_t>(threshold, claims.size() / 2 + 1);
  const auto led = std::ranges::find_if(claims, [&](uint32_t claim) {
    const auto follow = std::ranges::count_if(claims, [&](uint32_t own) { return Follows(own, claim); });
    return claim < UINT32_MAX && static_cast<size_t>(follow) >= needed;
  });
  if (led == claims.end()) {
    return absl::FailedPreconditionError(absl::StrCat("the realms say that the record has versions up to ",
                                                      claims.empty() ? 0 : claims.front(),
                                                      ", and too few of them could follow: leave the realm "
                                                      "out of the list that does not tell the truth, or "
                                                      "delete the record"));
  }
  VersionChoice choice{*led + 1, {}};
  for (size_t i = 0; i < highest.size(); ++i) {
    if (highest[i] && *highest[i] > *led) choice.outliers.push_back(i);
  }
  return choice;
}

}  // namespace labrec::recovery::client

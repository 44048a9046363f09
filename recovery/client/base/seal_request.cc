#include "recovery/client/base/seal_request.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/api/limits.h"
#include "recovery/client/base/realm_address.h"

namespace labrec::recovery::client {

uint32_t ThresholdOf(const SealRequest& request, size_t realms) {
  return request.threshold > 0 ? request.threshold : Majority(realms);
}

absl::StatusOr<uint32_t> GuessLimitOf(const SealRequest& request, size_t realms) {
  const pin::Quorum quorum{static_cast<uint32_t>(realms), ThresholdOf(request, realms)};
  if (quorum.threshold > realms) {
    return absl::InvalidArgumentError(
        absl::StrCat("threshold ", quorum.threshold, " is more than the ", realms, " realms"));
  }
  if (request.guess_limit) {
    LABREC_RETURN_IF_ERROR(CheckGuessLimit("guess limit", *request.guess_limit));
    return *request.guess_limit;
  }
  const uint32_t limit = pin::GreatestLimit(quorum, request.total_guesses, request.against);
  if (limit > 0) return std::min(limit, kMostGuesses);
  return absl::InvalidArgumentError(
      absl::StrCat("a total of ", request.total_guesses, " guesses leaves none for each of ", realms,
                   " realms, any ", quorum.threshold, " of which bring the secret back: allow at least ",
                   pin::SmallestTotal(quorum, request.against), ", or take a greater threshold"));
}

}  // namespace labrec::recovery::client

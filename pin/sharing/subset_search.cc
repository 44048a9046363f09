#include "pin/sharing/subset_search.h"

#include <bitset>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "pin/sharing/commitment.h"

namespace labrec::pin {
namespace {

absl::Status CheckAnswers(std::span<const RealmShareAnswer> answers, uint32_t threshold) {
  if (threshold == 0 || answers.size() < threshold || answers.size() > kMostShares) {
    return absl::InvalidArgumentError(absl::StrCat(answers.size(), " answers for a threshold of ", threshold,
                                                   "; wanted: from the threshold to ", kMostShares));
  }
  std::bitset<256> seen;
  for (const RealmShareAnswer& answer : answers) {
    const uint32_t x = answer.share.x;
    if (answer.share.bytes.size() != kSharedSecretSize) {
      return absl::InvalidArgumentError("a share of the record's secret has 32 bytes");
    }
    if (x == 0 || x > 255 || seen[x]) {
      return absl::InvalidArgumentError(
          absl::StrCat("a share at x = ", x, ": out of 1..255, or there twice"));
    }
    seen.set(x);
  }
  return absl::OkStatus();
}

// Positions of a subset, ascending; starts with the first one in lexicographic order.
class Subset {
 public:
  Subset(size_t size, size_t of) : of_(of) {
    for (size_t i = 0; i < size; ++i) positions_.push_back(i);
  }
  const std::vector<size_t>& positions() const { return positions_; }

  // False if this was the last one.
  bool Next() {
    for (size_t i = positions_.size(); i-- > 0;) {
      if (positions_[i] == of_ - positions_.size() + i) continue;
      ++positions_[i];
      for (size_t j = i + 1; j < positions_.size(); ++j) positions_[j] = positions_[j - 1] + 1;
      return true;
    }
    return false;
  }

 private:
  size_t of_;
  std::vector<size_t> positions_;
};

std::vector<Share> Chosen(std::span<const RealmShareAnswer> answers, const Subset& subset) {
  std::vector<Share> shares;
  for (size_t position : subset.positions()) {
    shares.push_back({answers[position].share.x, answers[position].share.bytes.Clone()});
  }
  return shares;
}

// The realms whose shares are not on the polynomials through `right`.
absl::StatusOr<std::vector<size_t>> Faulty(std::span<const RealmShareAnswer> answers,
                                           std::span<const Share> right) {
  std::vector<size_t> faulty;
  for (const RealmShareAnswer& answer : answers) {
    LABREC_ASSIGN_OR_RETURN(const SecretBytes expected, Interpolate(right, answer.share.x));
    if (!expected.Equals(answer.share.bytes.view())) faulty.push_back(answer.realm);
  }
  return faulty;
}

}  // namespace

absl::StatusOr<std::optional<FoundSecret>> FindSecret(std::span<const RealmShareAnswer> answers,
                                                      uint32_t threshold, ByteView commitment,
                                                      const Digest& config_digest) {
  LABREC_RETURN_IF_ERROR(CheckAnswers(answers, threshold));
  Subset subset(threshold, answers.size());
  do {
    const std::vector<Share> shares = Chosen(answers, subset);
    LABREC_ASSIGN_OR_RETURN(SecretBytes s, Combine(shares));
    if (!FitsCommitment(s, config_digest, commitment)) continue;
    LABREC_ASSIGN_OR_RETURN(std::vector<size_t> faulty, Faulty(answers, shares));
    return FoundSecret{std::move(s), std::move(faulty)};
  } while (subset.Next());
  return std::nullopt;
}

}  // namespace labrec::pin

#include "recovery/client/chip/uses.h"

#include <algorithm>
#include <functional>

#include "absl/strings/str_cat.h"

namespace labrec::recovery::client {
namespace {

// What so many realms say they counted that not all of them lie together; 0 if too few say anything.
uint32_t Witnessed(const ConfigGroup& group, const std::vector<RealmReport>& reports) {
  std::vector<uint32_t> said;
  for (const GroupMember& member : group.members) {
    if (reports[member.realm].tries) said.push_back(*reports[member.realm].tries);
  }
  const size_t enough = std::max<size_t>(group.threshold(), 2);
  if (said.size() < enough) return 0;
  std::ranges::sort(said, std::greater<>());
  return said[enough - 1];
}

}  // namespace

uint32_t ExplainedUses(const ConfigGroup& group, const std::vector<RealmReport>& reports, size_t realm,
                       uint32_t own_tries) {
  const std::optional<uint32_t> said = reports[realm].tries;
  const uint32_t this_one = said ? 1 : 0;
  return std::max(this_one + own_tries, std::min(said.value_or(0), Witnessed(group, reports)));
}

absl::StatusOr<ChipUses> JudgeUses(const tpm::PinCounter& certified, uint32_t guess_limit,
                                   uint32_t explained) {
  // A limit that is far above the count leaves more than any refill did.
  const bool is_a_refills = certified.limit > guess_limit && certified.limit - guess_limit <= certified.count;
  if (!is_a_refills) {
    return absl::FailedPreconditionError(
        absl::StrCat("the chip holds count ", certified.count, " and limit ", certified.limit,
                     " for this version, which no refill left there: it was retired"));
  }
  ChipUses uses;
  uses.counted = certified.count - (certified.limit - guess_limit);
  uses.unexplained = uses.counted - std::min(uses.counted, explained);
  return uses;
}

absl::Status UnexplainedUses(const std::string& realm, const ChipUses& uses) {
  return absl::FailedPreconditionError(
      absl::StrCat("the chip of realm ", realm, " has counted ", uses.counted,
                   " guesses since it last gave them back, and ", uses.unexplained,
                   " of them are neither this recovery nor known to the other realms: whoever has that "
                   "realm's host may have "
                   "tried PINs. No guesses were given back there. If these tries were yours (wrong PINs that "
                   "reached only this "
                   "realm, an earlier recovery after which it did not give them back), say so: own tries ",
                   uses.unexplained, "; if not, change the PIN and leave that realm out"));
}

absl::Status UnexplainedAtItsEnd(const std::string& realm, const ChipUses& uses) {
  if (uses.unexplained == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the chip of realm ", realm, " had counted ", uses.counted,
      " guesses since it last gave them back, and ", uses.unexplained,
      " of them are neither this one nor known to the other realms: whoever has that realm's host may have "
      "tried PINs. They end with the version that they were made at; if they were not your own, leave that "
      "realm out of the list"));
}

}  // namespace labrec::recovery::client

#include "recovery/labyrinth/epoch/census.h"

#include <algorithm>
#include <array>

#include "recovery/labyrinth/base/reason.h"

namespace labrec::recovery::labyrinth {
namespace {

LeftOutWhy WhyOf(const absl::Status& status) {
  switch (ReasonOf(status)) {
    case Reason::kWrongMac:
      return LeftOutWhy::kWrongMac;
    case Reason::kWrongSignature:
      return LeftOutWhy::kWrongSignature;
    default:
      return LeftOutWhy::kMalformed;
  }
}

bool IsSorted(const Census& census, const MemberId& id) {
  return std::ranges::any_of(census.members, [&](const Member& member) { return member.id == id; }) ||
         std::ranges::any_of(census.left_out, [&](const LeftOut& left) { return left.id == id; });
}

// A device's id is its key's, and its key signed the others. The id of a recovery code binds no key: whoever
// knows the root can give it keys of his own.
bool HasOtherKeys(const OpeningRecord& opening, const Member& member) {
  return member.kind == MemberKind::kVirtualDevice &&
         std::ranges::any_of(opening.members, [&](const OpeningRecord::Line& line) {
           return line.id == member.id && line != LineOf(member);
         });
}

// Why this member stays out; nullopt if it does not.
std::optional<LeftOutWhy> WhyOut(const OpeningRecord& opening, const Choice& choice, const MemberRow& row,
                                 const absl::StatusOr<Member>& member) {
  if (choice.Revokes(row.id)) return LeftOutWhy::kRevoked;
  if (!member.ok()) return WhyOf(member.status());
  if (member->id != row.id) return LeftOutWhy::kMalformed;
  if (HasOtherKeys(opening, *member)) return LeftOutWhy::kOtherKeys;
  if (!choice.HasSeen(LineOf(*member))) return LeftOutWhy::kUnseen;
  return std::nullopt;
}

void NoteMissing(const MemberId& id, const Choice& choice, Census& census) {
  if (IsSorted(census, id)) return;
  census.left_out.push_back({id, choice.Revokes(id) ? LeftOutWhy::kRevoked : LeftOutWhy::kHidden});
}

}  // namespace

bool Choice::Revokes(const MemberId& id) const {
  return std::ranges::find(revoked, id) != revoked.end();
}

bool Choice::HasSeen(const OpeningRecord::Line& line) const {
  return !seen.has_value() || std::ranges::find(*seen, line) != seen->end();
}

bool Choice::IsKeptBy(const OpeningRecord& record) const {
  return std::ranges::all_of(
      record.members, [&](const OpeningRecord::Line& line) { return !Revokes(line.id) && HasSeen(line); });
}

std::string_view LeftOutWhyName(LeftOutWhy why) {
  static constexpr std::array<std::string_view, 7> kNames = {"revoked",
                                                             "malformed entry",
                                                             "wrong membership MAC",
                                                             "wrong signature",
                                                             "keys that this recovery code never had",
                                                             "hidden by the store",
                                                             "not in the list that was looked at"};
  return kNames[static_cast<size_t>(why)];
}

Census TakeCensus(const AccountName& account, const Epoch& epoch, const OpeningRecord& opening,
                  std::span<const MemberRow> table, const Choice& choice) {
  Census census;
  for (const MemberRow& row : table) {
    if (IsSorted(census, row.id)) continue;
    const auto member = OpenMemberEntry(epoch, account, row.bytes);
    if (const auto why = WhyOut(opening, choice, row, member)) {
      census.left_out.push_back({row.id, *why});
    } else {
      census.members.push_back(*member);
    }
  }
  for (const OpeningRecord::Line& line : opening.members) NoteMissing(line.id, choice, census);
  if (choice.seen.has_value()) {
    for (const OpeningRecord::Line& line : *choice.seen) NoteMissing(line.id, choice, census);
  }
  for (const MemberId& id : choice.revoked) NoteMissing(id, choice, census);
  std::ranges::sort(census.members, {}, &Member::id);
  return census;
}

}  // namespace labrec::recovery::labyrinth

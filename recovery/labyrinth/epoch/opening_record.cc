#include "recovery/labyrinth/epoch/opening_record.h"

#include <algorithm>

#include "recovery/labyrinth/base/labels.h"
#include "recovery/labyrinth/base/reason.h"

namespace labrec::recovery::labyrinth {
namespace {

Id ReadId(Reader& reader) {
  return ParseId(reader.Raw(16)).value_or(Id{});
}

// False if the lines are cut short or not strictly ascending.
bool ReadLines(Reader& reader, std::vector<OpeningRecord::Line>& lines) {
  const size_t count = reader.U16();
  if (count > OpeningRecord::kMostMembers) return false;
  for (size_t i = 0; i < count && reader.ok(); ++i) {
    OpeningRecord::Line line{ReadId(reader), {}};
    std::ranges::copy(reader.Raw(line.digest.size()), line.digest.begin());
    if (!lines.empty() && !(lines.back().id < line.id)) return false;
    lines.push_back(line);
  }
  return reader.AtEnd();
}

}  // namespace

OpeningRecord::Line LineOf(const Member& member) {
  return {member.id, Sha256(member.Encode())};
}

bool OpeningRecord::Has(const MemberId& member) const {
  return std::ranges::any_of(members, [&](const Line& line) { return line.id == member; });
}

Bytes OpeningRecord::Encode(const AccountName& account) const {
  Writer writer = Bound(kLabelOpening, account);
  writer.U64(sequence).Raw(id).Raw(previous).Raw(opener).U16(static_cast<uint16_t>(members.size()));
  for (const Line& line : members) writer.Raw(line.id).Raw(line.digest);
  return std::move(writer).Take();
}

absl::StatusOr<OpeningRecord> OpeningRecord::Parse(const AccountName& account, ByteView encoding) {
  Reader reader(encoding);
  const bool ours = AsText(reader.Lp()) == kLabelOpening && AsText(reader.Lp()) == account.tenant &&
                    AsText(reader.Lp()) == account.account;
  OpeningRecord record;
  record.sequence = reader.U64();
  record.id = ReadId(reader);
  record.previous = ReadId(reader);
  record.opener = ReadId(reader);
  if (!ours || !ReadLines(reader, record.members)) {
    return Damage(Reason::kMalformed, "the bytes are not an opening record of this account");
  }
  return record;
}

}  // namespace labrec::recovery::labyrinth

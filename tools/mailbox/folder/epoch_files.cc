#include "tools/mailbox/folder/epoch_files.h"

#include <algorithm>

#include "hsm/base/encoding.h"

namespace labrec::mailbox {
namespace {

using recovery::labyrinth::Id;
using recovery::labyrinth::MemberRow;
using recovery::labyrinth::ParseId;

void WriteRows(Writer& writer, const std::vector<MemberRow>& rows) {
  writer.U32(static_cast<uint32_t>(rows.size()));
  for (const MemberRow& row : rows) writer.Lp(row.id).Lp(row.bytes);
}

// Stops at the first thing that is wrong; the caller looks at AtEnd.
std::vector<MemberRow> ReadRows(Reader& reader) {
  std::vector<MemberRow> rows;
  for (uint32_t left = reader.U32(); left > 0 && reader.ok(); --left) {
    const auto id = ParseId(reader.Lp());
    rows.push_back({id.value_or(Id{}), ToBytes(reader.Lp())});
  }
  return rows;
}

absl::Status Damaged() {
  return absl::DataLossError("a file of the message store is damaged");
}

}  // namespace

Bytes EpochFile::Encode() const {
  Writer writer;
  writer.Lp(id).Lp(stored.opening).Lp(stored.backward_edge);
  WriteRows(writer, deliveries);
  return std::move(writer).Take();
}

absl::StatusOr<EpochFile> EpochFile::Parse(ByteView content) {
  Reader reader(content);
  const auto id = ParseId(reader.Lp());
  EpochFile file;
  file.stored = {ToBytes(reader.Lp()), ToBytes(reader.Lp())};
  file.deliveries = ReadRows(reader);
  if (!reader.AtEnd() || !id.has_value()) return Damaged();
  file.id = *id;
  return file;
}

void MembersFile::Put(const MemberRow& row) {
  ++version;
  const auto found = std::ranges::find(members, row.id, &MemberRow::id);
  if (found != members.end()) {
    found->bytes = row.bytes;
  } else {
    members.push_back(row);
  }
}

Bytes MembersFile::Encode() const {
  Writer writer;
  writer.U64(version);
  WriteRows(writer, members);
  return std::move(writer).Take();
}

absl::StatusOr<MembersFile> MembersFile::Parse(ByteView content) {
  Reader reader(content);
  MembersFile file;
  file.version = reader.U64();
  file.members = ReadRows(reader);
  if (!reader.AtEnd()) return Damaged();
  return file;
}

absl::StatusOr<Bytes> FindRow(const std::vector<MemberRow>& rows, const Id& id) {
  const auto found = std::ranges::find(rows, id, &MemberRow::id);
  if (found == rows.end()) return absl::NotFoundError("the store has nothing for member " + Hex(id));
  return found->bytes;
}

}  // namespace labrec::mailbox

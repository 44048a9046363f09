#include "tools/mailbox/wire/wire.h"

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"

namespace labrec::mailbox {
namespace {

using recovery::labyrinth::EpochCommit;
using recovery::labyrinth::Id;
using recovery::labyrinth::MemberRow;
using recovery::labyrinth::ParseId;
using recovery::labyrinth::StoredEpoch;
using recovery::labyrinth::StoredMessage;
using recovery::labyrinth::StoreHead;

absl::Status CheckSize(const std::string& bytes, const char* field, size_t most) {
  if (bytes.size() <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " has ", bytes.size(), " bytes; at most ", most, " are taken"));
}

}  // namespace

absl::StatusOr<Id> IdFrom(const std::string& bytes, const char* field) {
  const std::optional<Id> id = ParseId(AsBytes(bytes));
  if (!id.has_value()) return absl::InvalidArgumentError(absl::StrCat(field, " must have 16 bytes"));
  return *id;
}

absl::StatusOr<Bytes> BytesFrom(const std::string& bytes, const char* field) {
  LABREC_RETURN_IF_ERROR(CheckSize(bytes, field, kMostFieldBytes));
  return ToBytes(bytes);
}

v1::Head ToWire(const StoreHead& head) {
  v1::Head wire;
  wire.set_sequence(head.sequence);
  wire.set_epoch_id(ToString(head.epoch_id));
  wire.set_members_version(head.members_version);
  wire.set_message_count(head.message_count);
  return wire;
}

absl::StatusOr<StoreHead> FromWire(const v1::Head& head) {
  LABREC_ASSIGN_OR_RETURN(const Id id, IdFrom(head.epoch_id(), "epoch_id"));
  return StoreHead{head.sequence(), id, head.members_version(), head.message_count()};
}

v1::Epoch ToWire(const StoredEpoch& epoch) {
  v1::Epoch wire;
  wire.set_opening(ToString(epoch.opening));
  wire.set_backward_edge(ToString(epoch.backward_edge));
  return wire;
}

absl::StatusOr<StoredEpoch> FromWire(const v1::Epoch& epoch) {
  LABREC_ASSIGN_OR_RETURN(Bytes opening, BytesFrom(epoch.opening(), "opening"));
  LABREC_ASSIGN_OR_RETURN(Bytes edge, BytesFrom(epoch.backward_edge(), "backward_edge"));
  return StoredEpoch{std::move(opening), std::move(edge)};
}

v1::MemberRow ToWire(const MemberRow& row) {
  v1::MemberRow wire;
  wire.set_id(ToString(row.id));
  wire.set_bytes(ToString(row.bytes));
  return wire;
}

absl::StatusOr<MemberRow> FromWire(const v1::MemberRow& row) {
  LABREC_ASSIGN_OR_RETURN(const Id id, IdFrom(row.id(), "a member's id"));
  LABREC_ASSIGN_OR_RETURN(Bytes bytes, BytesFrom(row.bytes(), "a member's row"));
  return MemberRow{id, std::move(bytes)};
}

v1::Message ToWire(const StoredMessage& message) {
  v1::Message wire;
  wire.set_id(ToString(message.id));
  wire.set_thread(message.thread);
  wire.set_timestamp_ms(message.timestamp_ms);
  wire.set_sealed(ToString(message.sealed));
  return wire;
}

absl::StatusOr<StoredMessage> FromWire(const v1::Message& message) {
  LABREC_ASSIGN_OR_RETURN(const Id id, IdFrom(message.id(), "a message's id"));
  LABREC_RETURN_IF_ERROR(CheckSize(message.thread(), "a message's thread", kMostThreadBytes));
  LABREC_RETURN_IF_ERROR(CheckSize(message.sealed(), "a message's ciphertext", kMostSealedBytes));
  return StoredMessage{id, message.thread(), message.timestamp_ms(), ToBytes(message.sealed())};
}

v1::MemberTable ToWire(const std::vector<MemberRow>& rows) {
  v1::MemberTable wire;
  for (const MemberRow& row : rows) *wire.add_rows() = ToWire(row);
  return wire;
}

absl::StatusOr<std::vector<MemberRow>> FromWire(const WireRows& rows) {
  if (rows.size() > kMostRows) {
    return absl::InvalidArgumentError(absl::StrCat(rows.size(), " rows; an epoch has at most 256 members"));
  }
  std::vector<MemberRow> parsed;
  for (const v1::MemberRow& row : rows) {
    LABREC_ASSIGN_OR_RETURN(MemberRow one, FromWire(row));
    parsed.push_back(std::move(one));
  }
  return parsed;
}

v1::CommitEpochRequest ToWire(const std::optional<StoreHead>& expected, const EpochCommit& commit) {
  v1::CommitEpochRequest wire;
  if (expected.has_value()) *wire.mutable_expected() = ToWire(*expected);
  wire.set_sequence(commit.sequence);
  wire.set_epoch_id(ToString(commit.id));
  wire.set_opening(ToString(commit.opening));
  wire.set_backward_edge(ToString(commit.backward_edge));
  for (const MemberRow& row : commit.members) *wire.add_members() = ToWire(row);
  for (const MemberRow& row : commit.deliveries) *wire.add_deliveries() = ToWire(row);
  return wire;
}

absl::StatusOr<EpochCommit> FromWire(const v1::CommitEpochRequest& request) {
  EpochCommit commit;
  commit.sequence = request.sequence();
  LABREC_ASSIGN_OR_RETURN(commit.id, IdFrom(request.epoch_id(), "epoch_id"));
  LABREC_ASSIGN_OR_RETURN(commit.opening, BytesFrom(request.opening(), "opening"));
  LABREC_ASSIGN_OR_RETURN(commit.backward_edge, BytesFrom(request.backward_edge(), "backward_edge"));
  LABREC_ASSIGN_OR_RETURN(commit.members, FromWire(request.members()));
  LABREC_ASSIGN_OR_RETURN(commit.deliveries, FromWire(request.deliveries()));
  return commit;
}

}  // namespace labrec::mailbox

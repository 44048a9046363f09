#include "tools/mailbox/remote/epoch_reader.h"

#include <utility>

#include "hsm/base/status_macros.h"

namespace labrec::mailbox {

using recovery::labyrinth::Id;
using recovery::labyrinth::StoredEpoch;

absl::StatusOr<std::optional<StoredEpoch>> EpochReader::GetEpoch(const StoreConnection& connection,
                                                                 uint64_t sequence) {
  const std::optional<uint64_t> last = std::exchange(last_, sequence);
  const bool above = last.has_value() && sequence == *last + 1;
  const bool below = last.has_value() && sequence + 1 == *last;
  if (!above && !below) {
    stream_.reset();
    return std::nullopt;
  }
  if (stream_ == nullptr || up_ != above) {
    up_ = above;
    Open(connection, sequence);
  }
  before_ = std::exchange(now_, std::nullopt);
  auto block = stream_->Next();
  if (!block.ok() || !block->has_value()) {
    stream_.reset();
    if (!block.ok()) return block.status();
    return std::nullopt;  // the stream was opened before there was such an epoch
  }
  if ((*block)->sequence() != sequence) {
    return absl::DataLossError("the message store sent another epoch than it was asked for");
  }
  now_ = *std::move(block);
  LABREC_ASSIGN_OR_RETURN(StoredEpoch epoch, FromWire(now_->epoch()));
  return epoch;
}

void EpochReader::Open(const StoreConnection& connection, uint64_t from) {
  v1::ReadEpochsRequest request;
  request.set_mailbox(connection.mailbox);
  request.set_from(from);
  request.set_direction(up_ ? v1::DIRECTION_UP : v1::DIRECTION_DOWN);
  if (up_ && member_.has_value()) request.set_member(ToString(*member_));
  stream_.reset();
  stream_ = std::make_unique<Stream>(connection, [&](grpc::ClientContext* context) {
    return connection.stub->ReadEpochs(context, request);
  });
}

const v1::EpochBlock* EpochReader::Find(uint64_t sequence) const {
  for (const auto* block : {&now_, &before_}) {
    if (block->has_value() && (*block)->sequence() == sequence) return &**block;
  }
  return nullptr;
}

absl::StatusOr<std::optional<Bytes>> EpochReader::GetDelivery(uint64_t sequence, const Id& member) {
  const bool same = member_ == member;
  if (!same) stream_.reset();  // it brings another member's
  member_ = member;
  const v1::EpochBlock* const block = Find(sequence);
  if (!same || block == nullptr || !block->has_delivery()) return std::nullopt;
  LABREC_ASSIGN_OR_RETURN(Bytes delivery, BytesFrom(block->delivery().bytes(), "a delivery"));
  return delivery;
}

absl::StatusOr<std::optional<Bytes>> EpochReader::GetMember(uint64_t sequence, const Id& member) const {
  const v1::EpochBlock* const block = Find(sequence);
  if (block == nullptr) return std::nullopt;
  for (const v1::MemberRow& row : block->members().rows()) {
    if (!SameBytes(AsBytes(row.id()), member)) continue;
    LABREC_ASSIGN_OR_RETURN(Bytes entry, BytesFrom(row.bytes(), "a member's row"));
    return entry;
  }
  return std::nullopt;
}

}  // namespace labrec::mailbox

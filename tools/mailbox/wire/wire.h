#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "recovery/labyrinth/base/message_store.h"
#include "tools/mailbox/wire/v1/mailbox.pb.h"

// Between the types of MessageStore and the messages of mailbox.proto. Whatever comes from the other side is
// checked for form here: INVALID_ARGUMENT with the field's name. Pure.
namespace labrec::mailbox {

namespace v1 = ::labyrinth::mailbox::v1;

// What one field may hold. Everything but a message's ciphertext is small.
inline constexpr size_t kMostFieldBytes = 64 << 10;
inline constexpr size_t kMostSealedBytes = 5
                                           << 18;  // 1 MiB of text, padded by at most an eighth, and overhead
inline constexpr size_t kMostThreadBytes = 1024;
inline constexpr int kMostRows = 257;           // the largest epoch, and one more
inline constexpr int kMostCallBytes = 4 << 20;  // of one gRPC message

absl::StatusOr<recovery::labyrinth::Id> IdFrom(const std::string& bytes, const char* field);
absl::StatusOr<Bytes> BytesFrom(const std::string& bytes, const char* field);

v1::Head ToWire(const recovery::labyrinth::StoreHead& head);
absl::StatusOr<recovery::labyrinth::StoreHead> FromWire(const v1::Head& head);

v1::Epoch ToWire(const recovery::labyrinth::StoredEpoch& epoch);
absl::StatusOr<recovery::labyrinth::StoredEpoch> FromWire(const v1::Epoch& epoch);

v1::MemberRow ToWire(const recovery::labyrinth::MemberRow& row);
absl::StatusOr<recovery::labyrinth::MemberRow> FromWire(const v1::MemberRow& row);

v1::Message ToWire(const recovery::labyrinth::StoredMessage& message);
absl::StatusOr<recovery::labyrinth::StoredMessage> FromWire(const v1::Message& message);

v1::MemberTable ToWire(const std::vector<recovery::labyrinth::MemberRow>& rows);
using WireRows = google::protobuf::RepeatedPtrField<v1::MemberRow>;
absl::StatusOr<std::vector<recovery::labyrinth::MemberRow>> FromWire(const WireRows& rows);

// `mailbox` is the caller's; expected and commit are the whole request.
v1::CommitEpochRequest ToWire(const std::optional<recovery::labyrinth::StoreHead>& expected,
                              const recovery::labyrinth::EpochCommit& commit);
absl::StatusOr<recovery::labyrinth::EpochCommit> FromWire(const v1::CommitEpochRequest& request);

}  // namespace labrec::mailbox

#pragma once

#include "absl/status/statusor.h"

#include "recovery/labyrinth/base/message_store.h"

// The contents of an epoch's two files in a folder store (folder_store.h has the layout).
namespace labrec::mailbox {

struct EpochFile {
  recovery::labyrinth::EpochId id{};
  recovery::labyrinth::StoredEpoch stored;
  std::vector<recovery::labyrinth::MemberRow> deliveries;

  Bytes Encode() const;
  // DATA_LOSS if it is not what Encode writes.
  static absl::StatusOr<EpochFile> Parse(ByteView content);
};

struct MembersFile {
  uint64_t version = 0;
  std::vector<recovery::labyrinth::MemberRow> members;

  // Adds the row, or replaces the one with its id, and counts.
  void Put(const recovery::labyrinth::MemberRow& row);
  Bytes Encode() const;
  static absl::StatusOr<MembersFile> Parse(ByteView content);
};

// NOT_FOUND if no row has this id.
absl::StatusOr<Bytes> FindRow(const std::vector<recovery::labyrinth::MemberRow>& rows,
                              const recovery::labyrinth::Id& id);

}  // namespace labrec::mailbox

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "recovery/labyrinth/base/ids.h"

namespace labrec::recovery::labyrinth {

// What the store says its newest epoch is. `members_version` counts the changes of that epoch's member table.
struct StoreHead {
  uint64_t sequence = 0;
  EpochId epoch_id{};
  uint64_t members_version = 0;
  uint64_t message_count = 0;  // over all epochs; a hint for progress bars

  bool operator==(const StoreHead&) const = default;
};

// `bytes` belong to member `id`: an entry of the member table, or a delivery.
struct MemberRow {
  MemberId id{};
  Bytes bytes;
};

// All that opening an epoch writes, in one step.
struct EpochCommit {
  uint64_t sequence = 0;
  EpochId id{};
  Bytes opening;                      // opening record
  Bytes backward_edge;                // empty for epoch 0
  std::vector<MemberRow> members;     // the new member table
  std::vector<MemberRow> deliveries;  // the new entropy, for each member
};

struct StoredEpoch {
  Bytes opening;
  Bytes backward_edge;
};

// The fields beside `sealed` are visible to the store and bound to the ciphertext.
struct StoredMessage {
  MessageId id{};
  std::string thread;  // at most 1024 bytes
  int64_t timestamp_ms = 0;
  Bytes sealed;
};

struct MessagePage {
  std::vector<StoredMessage> messages;
  uint64_t next = 0;  // pass as `after` for the next page
  bool last = true;
};

// The messaging platform's storage, for one account. It is not trusted. It sees who writes when and how much;
// it may withhold, reorder and repeat. What it gives is checked, and it is relied on for nothing but
// availability. How callers are authenticated is the implementation's affair.
//
// Errors: NOT_FOUND nothing there; ABORTED somebody was faster, follow and try again; UNAVAILABLE try again.
// One thread at a time for one object; several objects, in several processes, may share what is stored.
class MessageStore {
 public:
  virtual ~MessageStore() = default;

  // NOT_FOUND before the first epoch.
  virtual absl::StatusOr<StoreHead> GetHead() = 0;
  // An id that was never given before.
  virtual absl::StatusOr<EpochId> NewEpochId() = 0;
  // Compare and set: writes all or nothing. ABORTED unless `expected` is the head (its message count aside),
  // or there is none and `expected` is nullopt.
  virtual absl::Status CommitEpoch(const std::optional<StoreHead>& expected, const EpochCommit& commit) = 0;
  virtual absl::StatusOr<StoredEpoch> GetEpoch(uint64_t sequence) = 0;
  virtual absl::StatusOr<Bytes> GetDelivery(uint64_t sequence, const MemberId& member) = 0;

  virtual absl::StatusOr<std::vector<MemberRow>> ListMembers(uint64_t sequence) = 0;
  virtual absl::StatusOr<Bytes> GetMember(uint64_t sequence, const MemberId& member) = 0;
  // Adds to the newest epoch's table, or replaces the member's entry. ABORTED as CommitEpoch.
  virtual absl::Status AddMember(const StoreHead& expected, const MemberRow& row) = 0;

  // ABORTED unless `epoch` is the newest one: whoever sends must have followed.
  virtual absl::Status AppendMessage(const EpochId& epoch, const StoredMessage& message) = 0;
  // At most `limit` messages of the epoch in the order they came, from position `after` (0 first).
  virtual absl::StatusOr<MessagePage> ReadMessages(uint64_t sequence, uint64_t after, size_t limit) = 0;

  // Virtual devices' bundles. A bundle is written once.
  virtual absl::Status PutBundle(const MemberId& virtual_device, ByteView bundle) = 0;
  virtual absl::StatusOr<Bytes> GetBundle(const MemberId& virtual_device) = 0;
  virtual absl::StatusOr<std::vector<MemberId>> ListBundles() = 0;

  // What a member leaves for a device that asked to join.
  virtual absl::Status PutInvitation(const MemberId& device, ByteView invitation) = 0;
  virtual absl::StatusOr<Bytes> GetInvitation(const MemberId& device) = 0;
};

}  // namespace labrec::recovery::labyrinth

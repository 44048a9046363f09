#pragma once

#include <span>
#include <string>

#include "recovery/labyrinth/base/message_store.h"
#include "tools/mailbox/server/mailbox_database.h"

namespace labrec::mailbox {

// One account's message store in the server's database. Cheap to make: one for each call. Objects of several
// threads may share the database.
//
// The positions of an epoch's messages are 1, 2, 3, ...
class SqliteStore : public recovery::labyrinth::MessageStore {
 public:
  using Id = recovery::labyrinth::Id;

  // A name that never was here is an empty mailbox. `database` outlives it.
  SqliteStore(MailboxDatabase& database, std::string mailbox)
      : database_(database), mailbox_(std::move(mailbox)) {}

  absl::StatusOr<recovery::labyrinth::StoreHead> GetHead() override;
  absl::StatusOr<Id> NewEpochId() override { return recovery::labyrinth::RandomId(); }
  absl::Status CommitEpoch(const std::optional<recovery::labyrinth::StoreHead>& expected,
                           const recovery::labyrinth::EpochCommit& commit) override;
  absl::StatusOr<recovery::labyrinth::StoredEpoch> GetEpoch(uint64_t sequence) override;
  absl::StatusOr<Bytes> GetDelivery(uint64_t sequence, const Id& member) override;
  absl::StatusOr<std::vector<recovery::labyrinth::MemberRow>> ListMembers(uint64_t sequence) override;
  absl::StatusOr<Bytes> GetMember(uint64_t sequence, const Id& member) override;
  // RESOURCE_EXHAUSTED if the table has 256 members.
  absl::Status AddMember(const recovery::labyrinth::StoreHead& expected,
                         const recovery::labyrinth::MemberRow& row) override;
  absl::Status AppendMessage(const Id& epoch, const recovery::labyrinth::StoredMessage& message) override {
    return AppendMessages(epoch, {&message, 1});
  }
  // Several at once, in one transaction: all or none.
  absl::Status AppendMessages(const Id& epoch, std::span<const recovery::labyrinth::StoredMessage> messages);
  // Also ends a page after a quarter of a MiB.
  absl::StatusOr<recovery::labyrinth::MessagePage> ReadMessages(uint64_t sequence, uint64_t after,
                                                                size_t limit) override;
  // RESOURCE_EXHAUSTED for the 1025th of a mailbox, as for invitations.
  absl::Status PutBundle(const Id& virtual_device, ByteView bundle) override;
  absl::StatusOr<Bytes> GetBundle(const Id& virtual_device) override;
  absl::StatusOr<std::vector<Id>> ListBundles() override;
  absl::Status PutInvitation(const Id& device, ByteView invitation) override;
  absl::StatusOr<Bytes> GetInvitation(const Id& device) override;

 private:
  enum class BlobKind : int64_t { kBundle = 1, kInvitation = 2 };

  // These work under the database's mutex.
  absl::StatusOr<int64_t> Number();
  absl::StatusOr<int64_t> NumberForWriting();
  absl::StatusOr<std::optional<recovery::labyrinth::StoreHead>> Head();
  absl::Status RequireHead(const std::optional<recovery::labyrinth::StoreHead>& expected);
  absl::Status InsertMembers(int64_t number, const recovery::labyrinth::EpochCommit& commit);
  absl::StatusOr<Bytes> MemberColumn(uint64_t sequence, const Id& member, const char* sql);
  absl::Status PutBlob(BlobKind kind, const Id& id, ByteView content);
  absl::StatusOr<Bytes> GetBlob(BlobKind kind, const Id& id);

  MailboxDatabase& database_;
  std::string mailbox_;
};

}  // namespace labrec::mailbox

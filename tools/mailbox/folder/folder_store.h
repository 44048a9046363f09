#pragma once

#include <filesystem>
#include <map>
#include <memory>

#include "recovery/labyrinth/base/message_store.h"
#include "tools/mailbox/folder/message_log.h"

namespace labrec::mailbox {

// A message store in a folder: the smallest thing that keeps the contract of MessageStore. Several processes
// may use one folder at once; writers take turns by a lock, readers never wait.
//
//   lock
//   epochs/00000000000000000003/epoch     LP(id) || LP(opening) || LP(edge) || u32 count || (LP(id) ||
//   LP(delivery))* epochs/00000000000000000003/members   u64 version || u32 count || (LP(id) || LP(entry))*
//   epochs/00000000000000000003/messages  message_log.h
//   bundles/<id>, invitations/<id>        as given
//
// An epoch's folder appears by a rename, so it is there whole or not at all; the newest is the one with the
// highest number. Whoever may write the folder may do anything to it: the module that uses it is made for
// that.
class FolderStore : public recovery::labyrinth::MessageStore {
 public:
  using Id = recovery::labyrinth::Id;

  // Makes the folder if it is not there (mode 0700).
  static absl::StatusOr<std::unique_ptr<FolderStore>> Open(const std::filesystem::path& folder);

  absl::StatusOr<recovery::labyrinth::StoreHead> GetHead() override;
  absl::StatusOr<Id> NewEpochId() override { return recovery::labyrinth::RandomId(); }
  absl::Status CommitEpoch(const std::optional<recovery::labyrinth::StoreHead>& expected,
                           const recovery::labyrinth::EpochCommit& commit) override;
  absl::StatusOr<recovery::labyrinth::StoredEpoch> GetEpoch(uint64_t sequence) override;
  absl::StatusOr<Bytes> GetDelivery(uint64_t sequence, const Id& member) override;
  absl::StatusOr<std::vector<recovery::labyrinth::MemberRow>> ListMembers(uint64_t sequence) override;
  absl::StatusOr<Bytes> GetMember(uint64_t sequence, const Id& member) override;
  absl::Status AddMember(const recovery::labyrinth::StoreHead& expected,
                         const recovery::labyrinth::MemberRow& row) override;
  absl::Status AppendMessage(const Id& epoch, const recovery::labyrinth::StoredMessage& message) override;
  absl::StatusOr<recovery::labyrinth::MessagePage> ReadMessages(uint64_t sequence, uint64_t after,
                                                                size_t limit) override;
  absl::Status PutBundle(const Id& virtual_device, ByteView bundle) override;
  absl::StatusOr<Bytes> GetBundle(const Id& virtual_device) override;
  absl::StatusOr<std::vector<Id>> ListBundles() override;
  absl::Status PutInvitation(const Id& device, ByteView invitation) override;
  absl::StatusOr<Bytes> GetInvitation(const Id& device) override;

 private:
  explicit FolderStore(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path EpochFolder(uint64_t sequence) const;
  absl::StatusOr<uint64_t> NewestSequence() const;
  // The head without its message count, under the lock; nullopt before the first epoch.
  absl::StatusOr<std::optional<recovery::labyrinth::StoreHead>> PlainHead() const;
  absl::Status RequireHead(const std::optional<recovery::labyrinth::StoreHead>& expected) const;
  MessageLog& LogOf(uint64_t sequence);

  std::filesystem::path folder_;
  std::map<uint64_t, MessageLog> logs_;
};

}  // namespace labrec::mailbox

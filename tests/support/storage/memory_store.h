#pragma once

#include <map>

#include "recovery/labyrinth/base/message_store.h"

namespace labrec::testing {

// An honest message store in memory. Its content is public: tests copy it (a dump), edit it, put it back.
class MemoryStore : public recovery::labyrinth::MessageStore {
 public:
  using Id = recovery::labyrinth::Id;
  struct EpochData {
    Id id{};
    recovery::labyrinth::StoredEpoch stored;
    std::map<Id, Bytes> members;
    std::map<Id, Bytes> deliveries;
    std::vector<recovery::labyrinth::StoredMessage> messages;
    uint64_t members_version = 0;
  };
  struct Content {
    std::vector<EpochData> epochs;
    std::map<Id, Bytes> bundles;
    std::map<Id, Bytes> invitations;
  };

  // Several stores may share one content, as several clients of a server do.
  explicit MemoryStore(Content& content) : content_(content) {}

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
  bool IsHead(const recovery::labyrinth::StoreHead& expected);
  Content& content_;
};

}  // namespace labrec::testing

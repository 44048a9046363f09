#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "recovery/labyrinth/base/message_store.h"

namespace labrec::mailbox {

// Where a labyrinth-mailboxd is, and as whom to talk to it.
struct GrpcStoreOptions {
  std::string target;                         // "unix:/path" or "host:port"
  std::optional<std::string> ca_pem;          // TLS 1.3, trusting these certificates; without: in the clear
  std::string token;                          // bearer token; empty: none
  std::string mailbox;                        // "tenant/account"
  std::chrono::milliseconds timeout{30'000};  // of one call that is no stream
};

// The message store of one account on a labyrinth-mailboxd. Epochs and messages that are read in a row come
// as streams, so that a whole history takes few round trips; memory holds a page of messages and two epochs.
//
// Errors are the server's own, with what it was asked in front: UNAVAILABLE if it cannot be reached,
// DATA_LOSS for an answer that no server may give.
class GrpcStore : public recovery::labyrinth::MessageStore {
 public:
  using Id = recovery::labyrinth::Id;

  explicit GrpcStore(const GrpcStoreOptions& options);
  ~GrpcStore() override;
  GrpcStore(const GrpcStore&) = delete;
  GrpcStore& operator=(const GrpcStore&) = delete;

  absl::StatusOr<recovery::labyrinth::StoreHead> GetHead() override;
  absl::StatusOr<Id> NewEpochId() override;
  absl::Status CommitEpoch(const std::optional<recovery::labyrinth::StoreHead>& expected,
                           const recovery::labyrinth::EpochCommit& commit) override;
  absl::StatusOr<recovery::labyrinth::StoredEpoch> GetEpoch(uint64_t sequence) override;
  absl::StatusOr<Bytes> GetDelivery(uint64_t sequence, const Id& member) override;
  absl::StatusOr<std::vector<recovery::labyrinth::MemberRow>> ListMembers(uint64_t sequence) override;
  absl::StatusOr<Bytes> GetMember(uint64_t sequence, const Id& member) override;
  absl::Status AddMember(const recovery::labyrinth::StoreHead& expected,
                         const recovery::labyrinth::MemberRow& row) override;
  absl::Status AppendMessage(const Id& epoch, const recovery::labyrinth::StoredMessage& message) override {
    return AppendMessages(epoch, {&message, 1});
  }
  // All or none; at most 4 MiB together.
  absl::Status AppendMessages(const Id& epoch, std::span<const recovery::labyrinth::StoredMessage> messages);
  absl::StatusOr<recovery::labyrinth::MessagePage> ReadMessages(uint64_t sequence, uint64_t after,
                                                                size_t limit) override;
  absl::Status PutBundle(const Id& virtual_device, ByteView bundle) override;
  absl::StatusOr<Bytes> GetBundle(const Id& virtual_device) override;
  absl::StatusOr<std::vector<Id>> ListBundles() override;
  absl::Status PutInvitation(const Id& device, ByteView invitation) override;
  absl::StatusOr<Bytes> GetInvitation(const Id& device) override;

 private:
  class Server;
  std::unique_ptr<Server> server_;
};

}  // namespace labrec::mailbox

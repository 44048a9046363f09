#include <filesystem>
#include <memory>

#include <stdlib.h>

#include "gtest/gtest.h"
#include "tests/support/realm/mailbox_server.h"
#include "tests/support/storage/memory_store.h"
#include "tools/mailbox/folder/folder_store.h"

namespace labrec::mailbox {
namespace {

using recovery::labyrinth::EpochCommit;
using recovery::labyrinth::Id;
using recovery::labyrinth::MessageStore;
using recovery::labyrinth::RandomId;
using recovery::labyrinth::StoredMessage;
using recovery::labyrinth::StoreHead;

// Something that a store can be opened on, twice at once.
class Backing {
 public:
  virtual ~Backing() = default;
  virtual std::unique_ptr<MessageStore> Open() = 0;
};

class MemoryBacking : public Backing {
 public:
  std::unique_ptr<MessageStore> Open() override { return std::make_unique<testing::MemoryStore>(content_); }

 private:
  testing::MemoryStore::Content content_;
};

class FolderBacking : public Backing {
 public:
  FolderBacking() {
    std::string name = (std::filesystem::temp_directory_path() / "mailbox_store.XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~FolderBacking() override { std::filesystem::remove_all(folder_); }
  std::unique_ptr<MessageStore> Open() override { return *FolderStore::Open(folder_); }

 private:
  std::filesystem::path folder_;
};

class SqliteBacking : public Backing {
 public:
  std::unique_ptr<MessageStore> Open() override { return server_.OpenStore("example/alice"); }

 private:
  test::MailboxServer server_;
};

class GrpcBacking : public Backing {
 public:
  std::unique_ptr<MessageStore> Open() override { return server_.Connect("example/alice"); }

 private:
  test::MailboxServer server_;
};

struct Kind {
  const char* name;
  std::unique_ptr<Backing> (*make)();
};

class StoreContract : public ::testing::TestWithParam<Kind> {
 protected:
  static EpochCommit CommitOf(uint64_t sequence) {
    return {sequence,
            RandomId(),
            Bytes{1, 2, static_cast<uint8_t>(sequence)},
            Bytes(sequence == 0 ? 0 : 40, 7),
            {{alice_, {1}}, {bob_, {2}}},
            {{alice_, {3, 3}}}};
  }

  StoreHead Head() {
    const auto head = store_->GetHead();
    EXPECT_TRUE(head.ok()) << head.status();
    return head.value_or(StoreHead{});
  }

  EpochCommit Commit(const std::optional<StoreHead>& expected) {
    const EpochCommit commit = CommitOf(expected.has_value() ? expected->sequence + 1 : 0);
    const absl::Status status = store_->CommitEpoch(expected, commit);
    EXPECT_TRUE(status.ok()) << status;
    return commit;
  }

  static const Id alice_;
  static const Id bob_;
  std::unique_ptr<Backing> backing_ = GetParam().make();
  std::unique_ptr<MessageStore> store_ = backing_->Open();
  std::unique_ptr<MessageStore> other_ = backing_->Open();
};

const Id StoreContract::alice_ = {1};
const Id StoreContract::bob_ = {2};

TEST_P(StoreContract, AnEmptyStoreHasNothing) {
  EXPECT_TRUE(absl::IsNotFound(store_->GetHead().status()));
  EXPECT_TRUE(absl::IsNotFound(store_->GetEpoch(0).status()));
  EXPECT_TRUE(absl::IsNotFound(store_->GetDelivery(0, alice_).status()));
  EXPECT_TRUE(absl::IsNotFound(store_->ListMembers(0).status()));
  EXPECT_TRUE(absl::IsNotFound(store_->GetMember(0, alice_).status()));
  EXPECT_TRUE(absl::IsNotFound(store_->GetBundle(alice_).status()));
  EXPECT_TRUE(absl::IsNotFound(store_->GetInvitation(alice_).status()));
  EXPECT_TRUE(store_->ListBundles()->empty());
  EXPECT_TRUE(absl::IsAborted(store_->AppendMessage(RandomId(), {})));
  EXPECT_TRUE(absl::IsAborted(store_->AddMember({}, {alice_, {1}})));
}

TEST_P(StoreContract, WhatIsCommittedComesBackToEverybody) {
  const EpochCommit first = Commit(std::nullopt);
  const EpochCommit second = Commit(Head());
  const auto head = other_->GetHead();
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->sequence, 1U);
  EXPECT_EQ(head->epoch_id, second.id);
  for (const EpochCommit& commit : {first, second}) {
    const auto epoch = other_->GetEpoch(commit.sequence);
    ASSERT_TRUE(epoch.ok()) << epoch.status();
    EXPECT_EQ(epoch->opening, commit.opening);
    EXPECT_EQ(epoch->backward_edge, commit.backward_edge);
    EXPECT_EQ(*other_->GetDelivery(commit.sequence, alice_), (Bytes{3, 3}));
    EXPECT_TRUE(absl::IsNotFound(other_->GetDelivery(commit.sequence, bob_).status()));
    EXPECT_EQ(other_->ListMembers(commit.sequence)->size(), 2U);
    EXPECT_EQ(*other_->GetMember(commit.sequence, bob_), Bytes{2});
  }
}

TEST_P(StoreContract, CommittingComparesAndSets) {
  Commit(std::nullopt);
  const StoreHead head = Head();
  EXPECT_TRUE(absl::IsAborted(other_->CommitEpoch(std::nullopt, CommitOf(0))));
  Commit(head);
  EXPECT_TRUE(absl::IsAborted(other_->CommitEpoch(head, CommitOf(1))));
  StoreHead wrong = Head();
  wrong.epoch_id = RandomId();
  EXPECT_TRUE(absl::IsAborted(store_->CommitEpoch(wrong, CommitOf(2))));
  EXPECT_TRUE(absl::IsAborted(store_->AddMember(head, {alice_, {9}})));
  EXPECT_EQ(Head().sequence, 1U);
  EXPECT_EQ(*store_->GetMember(1, alice_), Bytes{1});
}

TEST_P(StoreContract, AMemberAddedMeanwhileStopsACommit) {
  Commit(std::nullopt);
  const StoreHead before = Head();
  const Id carol = RandomId();
  ASSERT_TRUE(other_->AddMember(before, {carol, {4}}).ok());
  EXPECT_TRUE(absl::IsAborted(store_->CommitEpoch(before, CommitOf(1))));
  EXPECT_TRUE(absl::IsAborted(store_->AddMember(before, {carol, {5}})));
  EXPECT_EQ(*store_->GetMember(0, carol), Bytes{4});
  ASSERT_TRUE(store_->AddMember(Head(), {carol, {5}}).ok());  // replaces
  EXPECT_EQ(*other_->GetMember(0, carol), Bytes{5});
  EXPECT_EQ(store_->ListMembers(0)->size(), 3U);
  Commit(Head());
}

TEST_P(StoreContract, MessagesComeInOrderAndPages) {
  const EpochCommit first = Commit(std::nullopt);
  for (int i = 0; i < 25; ++i) {
    const StoredMessage message{RandomId(), "thread " + std::to_string(i % 3), -1 - i, Bytes(i, 1)};
    ASSERT_TRUE((i % 2 == 0 ? store_ : other_)->AppendMessage(first.id, message).ok());
  }
  EXPECT_EQ(Head().message_count, 25U);
  Commit(Head());
  EXPECT_EQ(Head().message_count, 25U);
  uint64_t after = 0;
  int count = 0;
  for (bool last = false; !last;) {
    const auto page = store_->ReadMessages(0, after, 10);
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_LE(page->messages.size(), 10U);
    for (const StoredMessage& message : page->messages) {
      EXPECT_EQ(message.thread, "thread " + std::to_string(count % 3));
      EXPECT_EQ(message.timestamp_ms, -1 - count);
      EXPECT_EQ(message.sealed.size(), static_cast<size_t>(count));
      ++count;
    }
    last = page->last;
    EXPECT_TRUE(last || page->next > after);
    after = page->next;
  }
  EXPECT_EQ(count, 25);
  const auto empty = store_->ReadMessages(1, 0, 10);
  ASSERT_TRUE(empty.ok());
  EXPECT_TRUE(empty->messages.empty() && empty->last);
}

TEST_P(StoreContract, WhatIsWrittenAfterAReaderCameToTheEndIsReadNext) {
  const EpochCommit first = Commit(std::nullopt);
  const auto append = [&](const EpochCommit& epoch, uint8_t byte) {
    ASSERT_TRUE(other_->AppendMessage(epoch.id, {RandomId(), "t", 0, Bytes{byte}}).ok());
  };
  const auto read = [&](uint64_t sequence, uint64_t& after) {
    const auto page = store_->ReadMessages(sequence, after, 10);
    EXPECT_TRUE(page.ok() && page->last) << page.status();
    after = page->next;
    Bytes bytes;
    for (const StoredMessage& message : page->messages) bytes.push_back(message.sealed.at(0));
    return bytes;
  };
  uint64_t in_first = 0;
  uint64_t in_second = 0;
  append(first, 1);
  EXPECT_EQ(read(0, in_first), Bytes{1});
  EXPECT_EQ(read(0, in_first), Bytes{});
  append(first, 2);
  EXPECT_EQ(read(0, in_first), Bytes{2});
  const EpochCommit second = Commit(Head());
  append(second, 3);
  EXPECT_EQ(read(1, in_second), Bytes{3});
  EXPECT_EQ(read(0, in_first), Bytes{});
  in_first = 0;
  EXPECT_EQ(read(0, in_first), (Bytes{1, 2}));
  in_second = 0;
  EXPECT_EQ(read(1, in_second), Bytes{3});
}

TEST_P(StoreContract, EpochsComeInEveryOrder) {
  std::vector<EpochCommit> commits = {Commit(std::nullopt)};
  for (int i = 0; i < 6; ++i) commits.push_back(Commit(Head()));
  const auto expect = [&](uint64_t sequence) {
    const auto epoch = store_->GetEpoch(sequence);
    ASSERT_TRUE(epoch.ok()) << sequence << ": " << epoch.status();
    EXPECT_EQ(epoch->opening, commits[sequence].opening);
    EXPECT_EQ(*store_->GetDelivery(sequence, alice_), (Bytes{3, 3}));
    EXPECT_TRUE(absl::IsNotFound(store_->GetDelivery(sequence, bob_).status()));
    EXPECT_EQ(*store_->GetMember(sequence, bob_), Bytes{2});
  };
  for (const uint64_t sequence : {0, 1, 2, 3, 2, 1, 0, 5, 6, 4, 3, 6}) expect(sequence);
  EXPECT_TRUE(absl::IsNotFound(store_->GetEpoch(7).status()));
  // A member that joins the newest epoch is seen by a reader that was there before.
  const Id carol = RandomId();
  EXPECT_TRUE(absl::IsNotFound(store_->GetMember(6, carol).status()));
  ASSERT_TRUE(other_->AddMember(Head(), {carol, {4}}).ok());
  EXPECT_EQ(*store_->GetMember(6, carol), Bytes{4});
  commits.push_back(Commit(Head()));
  expect(6);
  expect(7);
  EXPECT_EQ(*store_->GetMember(6, carol), Bytes{4});
}

TEST_P(StoreContract, OnlyTheNewestEpochTakesMessages) {
  const EpochCommit first = Commit(std::nullopt);
  const EpochCommit second = Commit(Head());
  EXPECT_TRUE(absl::IsAborted(store_->AppendMessage(first.id, {})));
  EXPECT_TRUE(absl::IsAborted(store_->AppendMessage(RandomId(), {})));
  EXPECT_TRUE(store_->AppendMessage(second.id, {}).ok());
  EXPECT_EQ(Head().message_count, 1U);
}

TEST_P(StoreContract, BundlesAndInvitations) {
  ASSERT_TRUE(store_->PutBundle(alice_, Bytes{1}).ok());
  ASSERT_TRUE(store_->PutBundle(bob_, Bytes{2}).ok());
  ASSERT_TRUE(store_->PutBundle(bob_, Bytes{3}).ok());
  ASSERT_TRUE(store_->PutInvitation(alice_, Bytes{4}).ok());
  EXPECT_EQ(*other_->GetBundle(alice_), Bytes{1});
  EXPECT_EQ(*other_->GetBundle(bob_), Bytes{3});
  EXPECT_EQ(other_->ListBundles()->size(), 2U);
  EXPECT_EQ(*other_->GetInvitation(alice_), Bytes{4});
  EXPECT_TRUE(absl::IsNotFound(other_->GetInvitation(bob_).status()));
}

TEST_P(StoreContract, EpochIdsAreNew) {
  EXPECT_NE(*store_->NewEpochId(), *other_->NewEpochId());
}

INSTANTIATE_TEST_SUITE_P(
    Stores, StoreContract,
    ::testing::Values(
        Kind{"Memory", []() -> std::unique_ptr<Backing> { return std::make_unique<MemoryBacking>(); }},
        Kind{"Folder", []() -> std::unique_ptr<Backing> { return std::make_unique<FolderBacking>(); }},
        Kind{"Sqlite", []() -> std::unique_ptr<Backing> { return std::make_unique<SqliteBacking>(); }},
        Kind{"Grpc", []() -> std::unique_ptr<Backing> { return std::make_unique<GrpcBacking>(); }}),
    [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace labrec::mailbox

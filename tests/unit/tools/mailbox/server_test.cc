#include <atomic>
#include <fstream>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hsm/base/clock.h"
#include "hsm/base/file.h"
#include "recovery/api/tls13.h"
#include "recovery/server/tokens/issuer.h"
#include "tests/support/net/test_certificate.h"
#include "tests/support/realm/mailbox_server.h"
#include "tools/mailbox/folder/folder_store.h"
#include "tools/mailbox/store_address.h"

namespace labrec::mailbox {
namespace {

namespace fs = std::filesystem;
using recovery::labyrinth::EpochCommit;
using recovery::labyrinth::Id;
using recovery::labyrinth::MessageStore;
using recovery::labyrinth::RandomId;
using recovery::labyrinth::StoredMessage;
using test::MailboxServer;

EpochCommit CommitOf(uint64_t sequence) {
  return {sequence, RandomId(), Bytes{1}, Bytes{2}, {{Id{1}, {3}}}, {{Id{1}, {4}}}};
}

// Of many that commit on the same head at once, one wins; the others leave nothing behind.
void Race(const std::function<std::unique_ptr<MessageStore>()>& open) {
  constexpr int kClients = 8;
  constexpr uint64_t kRounds = 5;
  ASSERT_TRUE(open()->CommitEpoch(std::nullopt, CommitOf(0)).ok());
  for (uint64_t round = 1; round <= kRounds; ++round) {
    const auto head = open()->GetHead();
    ASSERT_TRUE(head.ok());
    std::atomic<int> won = 0;
    std::atomic<int> aborted = 0;
    std::vector<Id> ids(kClients);
    std::atomic<int> winner = -1;
    std::vector<std::thread> clients;
    for (int i = 0; i < kClients; ++i) {
      clients.emplace_back([&, i] {
        const auto store = open();
        const EpochCommit commit = CommitOf(round);
        ids[i] = commit.id;
        const absl::Status status = store->CommitEpoch(*head, commit);
        if (status.ok()) winner = i;
        won += status.ok() ? 1 : 0;
        aborted += absl::IsAborted(status) ? 1 : 0;
      });
    }
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(won, 1);
    EXPECT_EQ(aborted, kClients - 1);
    ASSERT_GE(winner, 0);
    const auto now = open()->GetHead();
    EXPECT_EQ(now->sequence, round);
    EXPECT_EQ(now->epoch_id, ids[winner]);
  }
}

TEST(StoreRace, FolderLetsOneWin) {
  const test::TemporaryFolder folder;
  Race([&]() -> std::unique_ptr<MessageStore> { return *FolderStore::Open(folder.path()); });
}

TEST(StoreRace, ServerLetsOneWin) {
  const MailboxServer server;
  Race([&]() -> std::unique_ptr<MessageStore> { return server.Connect("chat/alice"); });
}

TEST(MailboxServerTest, MailboxesAreApart) {
  const MailboxServer server;
  const auto alice = server.Connect("chat/alice");
  const auto bob = server.Connect("chat/bob");
  const EpochCommit commit = CommitOf(0);
  ASSERT_TRUE(alice->CommitEpoch(std::nullopt, commit).ok());
  ASSERT_TRUE(alice->PutBundle(Id{7}, Bytes{7}).ok());
  EXPECT_TRUE(absl::IsNotFound(bob->GetHead().status()));
  EXPECT_TRUE(absl::IsNotFound(bob->GetEpoch(0).status()));
  EXPECT_TRUE(absl::IsNotFound(bob->GetBundle(Id{7}).status()));
  EXPECT_TRUE(bob->ListBundles()->empty());
  EXPECT_TRUE(absl::IsAborted(bob->AppendMessage(commit.id, {})));
  ASSERT_TRUE(bob->CommitEpoch(std::nullopt, CommitOf(0)).ok());
  EXPECT_EQ(alice->GetHead()->epoch_id, commit.id);
}

TEST(MailboxServerTest, MalformedAndOversizedFieldsAreRefusedAndNothingIsWritten) {
  const MailboxServer server;
  const auto store = server.Connect("chat/alice");
  EpochCommit commit = CommitOf(0);
  commit.opening = Bytes(kMostFieldBytes + 1, 1);
  EXPECT_TRUE(absl::IsInvalidArgument(store->CommitEpoch(std::nullopt, commit)));
  commit = CommitOf(1);
  EXPECT_TRUE(absl::IsInvalidArgument(store->CommitEpoch(std::nullopt, commit)));  // not epoch 0
  EXPECT_TRUE(absl::IsNotFound(store->GetHead().status()));
  commit = CommitOf(0);
  ASSERT_TRUE(store->CommitEpoch(std::nullopt, commit).ok());
  const StoredMessage good{RandomId(), "t", 0, Bytes(10)};
  StoredMessage bad = good;
  bad.thread = std::string(kMostThreadBytes + 1, 't');
  const std::vector<StoredMessage> batch = {good, bad};
  EXPECT_TRUE(absl::IsInvalidArgument(store->AppendMessages(commit.id, batch)));
  bad = good;
  bad.sealed = Bytes(kMostSealedBytes + 1);
  EXPECT_TRUE(absl::IsInvalidArgument(store->AppendMessage(commit.id, bad)));
  EXPECT_EQ(store->GetHead()->message_count, 0U);
  bad.sealed.pop_back();
  EXPECT_TRUE(store->AppendMessage(commit.id, bad).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(server.Connect("")->GetHead().status()));
  EXPECT_TRUE(absl::IsInvalidArgument(server.Connect(std::string(1025, 'x'))->GetHead().status()));
}

TEST(MailboxServerTest, TablesAreBounded) {
  MailboxServer server;
  const auto store = server.OpenStore("chat/alice");
  EpochCommit commit = CommitOf(0);
  commit.members.clear();
  for (int i = 0; i < 256; ++i) commit.members.push_back({RandomId(), {1}});
  ASSERT_TRUE(store->CommitEpoch(std::nullopt, commit).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(store->AddMember(*store->GetHead(), {RandomId(), {1}})));
  EXPECT_EQ(store->ListMembers(0)->size(), 256U);
  EXPECT_TRUE(store->AddMember(*store->GetHead(), {commit.members[0].id, {2}}).ok());  // replaces
}

TEST(MailboxServerTest, LargeMessagesComeInSmallPages) {
  const MailboxServer server;
  const auto store = server.Connect("chat/alice");
  const EpochCommit commit = CommitOf(0);
  ASSERT_TRUE(store->CommitEpoch(std::nullopt, commit).ok());
  for (uint8_t i = 0; i < 12; ++i) {
    ASSERT_TRUE(store->AppendMessage(commit.id, {RandomId(), "t", i, Bytes(1U << 20, i)}).ok());
  }
  uint64_t after = 0;
  uint8_t read = 0;
  for (bool last = false; !last;) {
    const auto page = store->ReadMessages(0, after, 256);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_LE(page->messages.size(), 1U);
    for (const StoredMessage& message : page->messages) EXPECT_EQ(message.sealed, Bytes(1U << 20, read++));
    after = page->next;
    last = page->last;
  }
  EXPECT_EQ(read, 12);
}

TEST(MailboxServerTest, WhatIsAnsweredOutlivesARestart) {
  MailboxServer server;
  const auto store = server.Connect("chat/alice");
  const EpochCommit commit = CommitOf(0);
  ASSERT_TRUE(store->CommitEpoch(std::nullopt, commit).ok());
  ASSERT_TRUE(store->AppendMessage(commit.id, {RandomId(), "t", 5, Bytes{9}}).ok());
  server.Stop();
  EXPECT_TRUE(absl::IsUnavailable(store->GetHead().status()));
  server.Start();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!store->GetHead().ok() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(store->GetHead()->epoch_id, commit.id);
  EXPECT_EQ(store->ReadMessages(0, 0, 10)->messages.at(0).sealed, Bytes{9});
}

TEST(MailboxServerTest, OneProcessHasTheDatabaseAndNoOtherDatabaseWillDo) {
  const MailboxServer server;
  EXPECT_TRUE(absl::IsFailedPrecondition(MailboxDatabase::Open(server.database_file()).status()));
  EXPECT_EQ(fs::status(server.database_file()).permissions() & (fs::perms::group_all | fs::perms::others_all),
            fs::perms::none);
  const test::TemporaryFolder folder;
  std::ofstream(folder.path() / "text") << "this is no database, and long enough to be looked at as one";
  EXPECT_FALSE(MailboxDatabase::Open(folder.path() / "text").ok());
}

// A server that wants tokens, over TLS.
class GuardedServer : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { recovery::RequireTls13(); }
  GuardedServer() {
    std::ofstream(folder_.path() / "jwks") << recovery::TokenKeySet(key_.public_key());
    auto tokens = recovery::TokenVerifier::Create({{"chat", folder_.path() / "jwks"}}, "mailboxes",
                                                  SystemClock(), recovery::TokenLimits());
    EXPECT_TRUE(tokens.ok()) << tokens.status();
    server_ = std::make_unique<MailboxServer>(
        Access::ByToken(*std::move(tokens)),
        recovery::TlsFiles{certificate_.certificate_file(), certificate_.key_file()});
  }

  std::string Token(const std::string& account, const std::string& audience = "mailboxes") {
    return recovery::IssueToken(key_, {"chat", account, audience, SystemClock().NowMillis() / 1000, 600});
  }
  absl::Status Ask(const std::string& token, const std::string& mailbox, bool with_ca = true) {
    GrpcStoreOptions options;
    options.target = server_->target();
    options.ca_pem = with_ca ? certificate_.certificate_pem() : test::TestCertificate().certificate_pem();
    options.token = token;
    options.mailbox = mailbox;
    GrpcStore store(options);
    const absl::Status streamed = store.ReadMessages(0, 0, 1).status();
    const absl::Status asked = store.GetHead().status();
    EXPECT_EQ(streamed.code(), asked.code()) << streamed;
    return asked;
  }

  test::TemporaryFolder folder_;
  test::TestCertificate certificate_;
  EcdsaPrivateKey key_ = EcdsaPrivateKey::Generate();
  std::unique_ptr<MailboxServer> server_;
};

TEST_F(GuardedServer, ATokenOpensItsOwnMailboxOnly) {
  EXPECT_TRUE(absl::IsNotFound(Ask(Token("alice"), "chat/alice")));  // let in; there is nothing yet
  EXPECT_TRUE(absl::IsPermissionDenied(Ask(Token("alice"), "chat/bob")));
  EXPECT_TRUE(absl::IsUnauthenticated(Ask("", "chat/alice")));
  EXPECT_TRUE(absl::IsUnauthenticated(Ask("not.a.token", "chat/alice")));
  EXPECT_TRUE(absl::IsUnauthenticated(Ask(Token("alice", "another service"), "chat/alice")));
  EXPECT_TRUE(absl::IsUnavailable(Ask(Token("alice"), "chat/alice", false)));  // not the server's certificate
}

TEST_F(GuardedServer, IsReachedByItsAddress) {
  std::ofstream(folder_.path() / "token") << Token("alice");
  StoreOptions options;
  options.name = "grpcs://" + server_->target();
  options.ca = certificate_.certificate_file();
  options.token_file = folder_.path() / "token";
  const auto store = OpenStore(options, {"chat", "alice"});
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_TRUE((*store)->CommitEpoch(std::nullopt, CommitOf(0)).ok());
  EXPECT_EQ((*store)->GetHead()->sequence, 0U);
}

TEST(StoreAddress, TakesFoldersAndAddresses) {
  const auto open = [](const std::string& name) {
    return OpenStore({name, "", "", ""}, {"chat", "alice"}).status();
  };
  const test::TemporaryFolder folder;
  EXPECT_TRUE(open(folder.path() / "store").ok());
  EXPECT_TRUE(open("unix:/nowhere/s").ok());
  EXPECT_TRUE(open("grpc://127.0.0.1:7").ok());
  EXPECT_TRUE(open("grpcs://mail.example:7").ok());
  for (const char* bad :
       {"", "grpc://mail.example:7", "http://localhost:7", "unix:relative", "grpc://", "grpc://host"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(open(bad))) << bad;
  }
}

}  // namespace
}  // namespace labrec::mailbox

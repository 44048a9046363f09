#include <functional>

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "gtest/gtest.h"
#include "tests/support/process/temporary_folder.h"
#include "tools/mailbox/remote/grpc_store.h"
#include "tools/mailbox/wire/v1/mailbox.grpc.pb.h"
#include "tools/mailbox/wire/wire.h"

// A server that answers what no server may answer: the client says so and goes no further.
namespace labrec::mailbox {
namespace {

using ::labyrinth::mailbox::v1::MailboxStore;
using recovery::labyrinth::Id;

class Liar : public MailboxStore::Service {
 public:
  std::function<void(grpc::ServerWriter<v1::MessagePage>&)> messages;
  std::function<void(const v1::ReadEpochsRequest&, grpc::ServerWriter<v1::EpochBlock>&)> epochs;
  v1::Head head;
  v1::MemberTable members;

 private:
  grpc::Status GetHead(grpc::ServerContext*, const v1::GetHeadRequest*, v1::Head* answer) override {
    *answer = head;
    return grpc::Status::OK;
  }
  grpc::Status NewEpochId(grpc::ServerContext*, const v1::NewEpochIdRequest*,
                          v1::NewEpochIdResponse* answer) override {
    answer->set_epoch_id("short");
    return grpc::Status::OK;
  }
  grpc::Status ListBundles(grpc::ServerContext*, const v1::ListBundlesRequest*,
                           v1::ListBundlesResponse* answer) override {
    answer->add_virtual_devices("short");
    return grpc::Status::OK;
  }
  grpc::Status ListMembers(grpc::ServerContext*, const v1::ListMembersRequest*,
                           v1::MemberTable* answer) override {
    *answer = members;
    return grpc::Status::OK;
  }
  grpc::Status GetBundle(grpc::ServerContext*, const v1::GetBundleRequest*, v1::Blob* answer) override {
    answer->set_bytes(std::string(kMostFieldBytes + 1, 'x'));
    return grpc::Status::OK;
  }
  grpc::Status GetEpoch(grpc::ServerContext*, const v1::GetEpochRequest*, v1::Epoch*) override {
    return grpc::Status::OK;
  }
  grpc::Status ReadMessages(grpc::ServerContext*, const v1::ReadMessagesRequest*,
                            grpc::ServerWriter<v1::MessagePage>* writer) override {
    messages(*writer);
    return grpc::Status::OK;
  }
  grpc::Status ReadEpochs(grpc::ServerContext*, const v1::ReadEpochsRequest* request,
                          grpc::ServerWriter<v1::EpochBlock>* writer) override {
    epochs(*request, *writer);
    return grpc::Status::OK;
  }
};

class LyingServer : public ::testing::Test {
 protected:
  LyingServer() {
    const std::string address = "unix:" + (folder_.path() / "s").string();
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials());
    builder.RegisterService(&liar_);
    server_ = builder.BuildAndStart();
    GrpcStoreOptions options;
    options.target = address;
    options.mailbox = "chat/alice";
    store_ = std::make_unique<GrpcStore>(options);
  }
  ~LyingServer() override {
    store_.reset();
    server_->Shutdown();
  }

  static v1::MessagePage Page(uint64_t sequence, uint64_t after, int messages, bool last) {
    v1::MessagePage page;
    page.set_sequence(sequence);
    page.set_after(after);
    page.set_last(last);
    for (int i = 0; i < messages; ++i) {
      v1::Message* const message = page.add_messages();
      message->set_id(std::string(16, 'm'));
      message->set_sealed("x");
    }
    return page;
  }

  test::TemporaryFolder folder_;
  Liar liar_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<GrpcStore> store_;
};

TEST_F(LyingServer, FieldsOfTheWrongSize) {
  EXPECT_TRUE(absl::IsDataLoss(store_->GetHead().status()));  // no epoch id
  EXPECT_TRUE(absl::IsDataLoss(store_->NewEpochId().status()));
  EXPECT_TRUE(absl::IsDataLoss(store_->ListBundles().status()));
  EXPECT_TRUE(absl::IsDataLoss(store_->GetBundle(Id{}).status()));
  for (int i = 0; i <= kMostRows; ++i) liar_.members.add_rows()->set_id(std::string(16, 'm'));
  EXPECT_TRUE(absl::IsDataLoss(store_->ListMembers(0).status()));
}

TEST_F(LyingServer, MessagesOfAnotherPlace) {
  liar_.messages = [](auto& writer) { writer.Write(Page(1, 0, 1, true)); };
  EXPECT_TRUE(absl::IsDataLoss(store_->ReadMessages(0, 0, 10).status()));
  liar_.messages = [](auto& writer) { writer.Write(Page(0, 5, 1, true)); };
  EXPECT_TRUE(absl::IsDataLoss(store_->ReadMessages(0, 0, 10).status()));
  liar_.messages = [](auto& writer) {
    v1::MessagePage page = Page(0, 0, 1, true);
    page.mutable_messages(0)->set_id("short");
    writer.Write(page);
  };
  EXPECT_TRUE(absl::IsDataLoss(store_->ReadMessages(0, 0, 10).status()));
}

TEST_F(LyingServer, MessagesThatComeTwiceInTheStream) {
  liar_.messages = [](auto& writer) {
    writer.Write(Page(0, 0, 2, false));
    writer.Write(Page(0, 0, 2, true));
  };
  const auto first = store_->ReadMessages(0, 0, 10);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->next, 2U);
  EXPECT_TRUE(absl::IsDataLoss(store_->ReadMessages(0, 2, 10).status()));
}

// Nothing but empty pages: the reader above refuses pages that do not advance, so they must reach it.
TEST_F(LyingServer, PagesThatHoldNothing) {
  liar_.messages = [](auto& writer) {
    while (writer.Write(Page(0, 0, 0, false))) {
    }
  };
  const auto page = store_->ReadMessages(0, 0, 10);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_TRUE(page->messages.empty());
  EXPECT_EQ(page->next, 0U);
  EXPECT_FALSE(page->last);
}

TEST_F(LyingServer, AnotherEpochInTheStream) {
  liar_.epochs = [](const v1::ReadEpochsRequest& request, auto& writer) {
    v1::EpochBlock block;
    block.set_sequence(request.from() + 1);
    writer.Write(block);
  };
  ASSERT_TRUE(store_->GetEpoch(3).ok());
  EXPECT_TRUE(absl::IsDataLoss(store_->GetEpoch(4).status()));
}

// What must be one call for a whole history stays one call.
TEST_F(LyingServer, AHistoryTakesOneStreamEachWay) {
  int streams = 0;
  liar_.epochs = [&](const v1::ReadEpochsRequest& request, auto& writer) {
    ++streams;
    v1::EpochBlock block;
    const bool up = request.direction() == v1::DIRECTION_UP;
    for (uint64_t i = 0; i <= (up ? 50 - request.from() : request.from()); ++i) {
      block.set_sequence(up ? request.from() + i : request.from() - i);
      writer.Write(block);
    }
  };
  for (uint64_t sequence = 0; sequence <= 50; ++sequence) ASSERT_TRUE(store_->GetEpoch(sequence).ok());
  EXPECT_EQ(streams, 1);
  for (uint64_t sequence = 50; sequence-- > 0;) ASSERT_TRUE(store_->GetEpoch(sequence).ok());
  EXPECT_EQ(streams, 2);
  int pages = 0;
  liar_.messages = [&](auto& writer) {
    ++pages;
    for (uint64_t sequence = 0; sequence <= 50; ++sequence) writer.Write(Page(sequence, 0, 3, true));
  };
  for (uint64_t sequence = 0; sequence <= 50; ++sequence) {
    const auto page = store_->ReadMessages(sequence, 0, 10);
    ASSERT_TRUE(page.ok() && page->messages.size() == 3 && page->last) << page.status();
  }
  EXPECT_EQ(pages, 1);
}

}  // namespace
}  // namespace labrec::mailbox

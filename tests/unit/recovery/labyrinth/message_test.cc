#include "recovery/labyrinth/message.h"

#include "tests/unit/recovery/labyrinth/world.h"

namespace labrec::recovery::labyrinth {
namespace {

class MessageTest : public World {
 protected:
  MessageTest() { Send(phone_, "a", "the message"); }
  const StoredMessage& stored() { return content_.epochs[0].messages[0]; }
  absl::StatusOr<SecretBytes> Open(const StoredMessage& message) {
    return MessageCipher(account_, phone_.state().epoch).Open(message);
  }

  Mailbox phone_ = NewMailbox();
};

TEST_F(MessageTest, EveryFieldIsBound) {
  ASSERT_TRUE(Open(stored()).ok());
  StoredMessage changed = stored();
  changed.thread = "b";
  EXPECT_FAILS(Open(changed), kDataLoss, kNotOpened);
  changed = stored();
  changed.id[0] ^= 1;
  EXPECT_FAILS(Open(changed), kDataLoss, kNotOpened);
  changed = stored();
  changed.timestamp_ms += 1;
  EXPECT_FAILS(Open(changed), kDataLoss, kNotOpened);
  MessageCipher other_account({"example", "bob"}, phone_.state().epoch);
  EXPECT_FAILS(other_account.Open(stored()), kDataLoss, kNotOpened);
  ASSERT_TRUE(phone_.Rotate().ok());
  EXPECT_FAILS(Open(stored()), kDataLoss, kNotOpened);  // another epoch's keys
}

TEST_F(MessageTest, EveryFlippedBitAndEveryLength) {
  const StoredMessage message = stored();
  for (size_t bit = 0; bit < message.sealed.size() * 8; ++bit) {
    StoredMessage changed = message;
    changed.sealed[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    EXPECT_FALSE(Open(changed).ok()) << bit;
  }
  for (size_t size = 0; size < message.sealed.size(); ++size) {
    StoredMessage cut = message;
    cut.sealed.resize(size);
    EXPECT_FALSE(Open(cut).ok()) << size;
  }
}

TEST_F(MessageTest, LengthsShowOnlyTheirPaddedSize) {
  MessageCipher cipher(account_, phone_.state().epoch);
  const auto size_of = [&](size_t text) {
    return cipher.Seal("a", RandomId(), 0, Bytes(text, 'x')).sealed.size();
  };
  EXPECT_EQ(size_of(0), size_of(9));
  EXPECT_EQ(size_of(900), size_of(920));
  EXPECT_NE(size_of(9), size_of(100));
}

TEST_F(MessageTest, TheSameTextIsSealedAnewEachTime) {
  MessageCipher cipher(account_, phone_.state().epoch);
  const MessageId id = RandomId();
  EXPECT_NE(cipher.Seal("a", id, 0, AsBytes("x")).sealed, cipher.Seal("a", id, 0, AsBytes("x")).sealed);
}

TEST_F(MessageTest, OneDamagedMessageHidesNoOther) {
  Send(phone_, "a", "second");
  Send(phone_, "a", "third");
  content_.epochs[0].messages[1].sealed[40] ^= 1;
  const MessageId damaged_id = content_.epochs[0].messages[1].id;
  std::vector<std::string> texts;
  std::vector<MessageId> damaged;
  HistoryVisitor visitor;
  visitor.message = [&](const Message& message) { texts.push_back(ToString(message.text.view())); };
  visitor.damaged = [&](uint64_t, const MessageId& id, const absl::Status& status) {
    EXPECT_FAILS(status, kDataLoss, kNotOpened);
    damaged.push_back(id);
  };
  const auto summary = phone_.Read(0, visitor);
  ASSERT_TRUE(summary.ok());
  EXPECT_THAT(texts, ::testing::ElementsAre("the message", "third"));
  EXPECT_THAT(damaged, ::testing::ElementsAre(damaged_id));
  EXPECT_EQ(summary->damaged, 1U);
}

TEST_F(MessageTest, ManyThreadsAreAllReadable) {
  for (int i = 0; i < 3000; ++i) Send(phone_, "thread " + std::to_string(i % 1500), std::to_string(i));
  EXPECT_EQ(ReadAll(phone_).size(), 3001U);
}

TEST_F(MessageTest, BoundsAreKept) {
  EXPECT_EQ(phone_.Send(std::string(1025, 'a'), 0, {}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(phone_.Send("a", 0, Bytes((1U << 20) + 1)).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(phone_.Send(std::string(1024, 'a'), 0, Bytes(1U << 20)).ok());
}

// A store that gives more than it was asked for must not fill the reader's memory.
TEST_F(MessageTest, PagesThatAreTooBigAreRefused) {
  class Flooding : public testing::MemoryStore {
   public:
    using MemoryStore::MemoryStore;
    absl::StatusOr<MessagePage> ReadMessages(uint64_t sequence, uint64_t after, size_t limit) override {
      return MemoryStore::ReadMessages(sequence, after, limit + 1);
    }
  } flooding(content_);
  for (int i = 0; i < 300; ++i) Send(phone_, "a", "x");
  Mailbox mailbox(flooding, floor_, phone_.state().Clone());
  EXPECT_FAILS(mailbox.Read(0, {}), kDataLoss, kMalformed);
}

// A store whose pages never end must not hang the reader.
TEST_F(MessageTest, PagesThatDoNotAdvanceAreRefused) {
  class Looping : public testing::MemoryStore {
   public:
    using MemoryStore::MemoryStore;
    absl::StatusOr<MessagePage> ReadMessages(uint64_t, uint64_t, size_t) override {
      return MessagePage{{}, 0, false};
    }
  } looping(content_);
  Mailbox mailbox(looping, floor_, phone_.state().Clone());
  EXPECT_FAILS(mailbox.Read(0, {}), kDataLoss, kMalformed);
}

}  // namespace
}  // namespace labrec::recovery::labyrinth

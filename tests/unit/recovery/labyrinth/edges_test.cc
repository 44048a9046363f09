#include "hsm/base/aead.h"
#include "recovery/labyrinth/base/labels.h"
#include "recovery/labyrinth/epoch/backward_edge.h"
#include "tests/unit/recovery/labyrinth/world.h"

namespace labrec::recovery::labyrinth {
namespace {

TEST(SequenceTextTest, CanonicalNumbersOnly) {
  for (uint64_t sequence : {uint64_t{0}, uint64_t{1}, uint64_t{10}, ~uint64_t{0}}) {
    const auto parsed = ParseSequenceText(SequenceText(sequence));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(*parsed, sequence);
  }
  for (const char* wrong :
       {"01", "-1", "-0", "+1", " 1", "1 ", "", "00", "1.0", "0x1", "18446744073709551616", "1\n"}) {
    EXPECT_FAILS(ParseSequenceText(wrong), kDataLoss, kWrongSequence);
  }
}

// Five epochs with a message each, read by the phone.
class EdgesTest : public World {
 protected:
  EdgesTest() {
    for (int i = 0; i < 5; ++i) {
      if (i > 0) Rotate();
      epochs_.push_back(phone_.state().epoch.Clone());
      Send(phone_, "a", "message");
    }
  }

  void Rotate() { EXPECT_TRUE(phone_.Rotate().ok()); }
  Bytes& EdgeOf(size_t sequence) { return content_.epochs[sequence].stored.backward_edge; }

  void ExpectUnreadable(Reason reason) {
    size_t given = 0;
    HistoryVisitor visitor;
    visitor.message = [&](const Message&) { ++given; };
    const auto read = phone_.Read(0, visitor);
    EXPECT_EQ(read.status().code(), absl::StatusCode::kDataLoss) << read.status();
    EXPECT_EQ(ReasonOf(read.status()), reason) << read.status();
    EXPECT_EQ(given, 0U);
  }

  // An edge as a dishonest member would write it: everything right but the text of the number.
  Bytes EdgeWithText(const Epoch& from, const Epoch& to, std::string_view text) {
    Writer plaintext;
    plaintext.Lp(text).Raw(to.SecretEncoding().view().subspan(8));
    Writer context = Bound(kLabelEdge, account_);
    context.U64(from.sequence()).Raw(from.id()).Raw(from.opening_hash());
    return AeadSeal(from.DataStorageKey().view(), plaintext.bytes(), context.bytes());
  }

  Mailbox phone_ = NewMailbox();
  std::vector<Epoch> epochs_;
};

TEST_F(EdgesTest, LeadThroughTheWholeHistory) {
  EXPECT_EQ(ReadAll(phone_).size(), 5U);
  EdgeOf(3) = EdgeWithText(epochs_[3], epochs_[2], "2");  // the helper writes right edges
  EXPECT_EQ(ReadAll(phone_).size(), 5U);
}

TEST_F(EdgesTest, Swapped) {
  std::swap(EdgeOf(2), EdgeOf(3));
  ExpectUnreadable(Reason::kNotOpened);
}

TEST_F(EdgesTest, Missing) {
  const Bytes edge = std::exchange(EdgeOf(2), {});
  ExpectUnreadable(Reason::kMissing);
  EdgeOf(2) = edge;
  EXPECT_EQ(ReadAll(phone_).size(), 5U);
}

TEST_F(EdgesTest, Skipped) {
  EdgeOf(4) = SealBackwardEdge(account_, epochs_[4], epochs_[2]);
  ExpectUnreadable(Reason::kWrongSequence);
  EdgeOf(4) =
      EdgeWithText(epochs_[4], epochs_[2], "3");  // a skip that lies about its number: the id gives it away
  const auto read = WalkBack(store_, account_, epochs_[4], 2);
  EXPECT_FAILS(read, kDataLoss, kNotOpened);
}

TEST_F(EdgesTest, Cyclic) {
  EdgeOf(3) = SealBackwardEdge(account_, epochs_[3], epochs_[4]);
  ExpectUnreadable(Reason::kWrongSequence);
  EdgeOf(3) = SealBackwardEdge(account_, epochs_[3], epochs_[3]);
  ExpectUnreadable(Reason::kWrongSequence);
}

TEST_F(EdgesTest, NotCanonical) {
  for (const char* text : {"03", "-1", "+3", "3 ", ""}) {
    EdgeOf(4) = EdgeWithText(epochs_[4], epochs_[3], text);
    ExpectUnreadable(Reason::kWrongSequence);
  }
  EdgeOf(2) = EdgeWithText(epochs_[2], epochs_[1], "01");
  EdgeOf(4) = SealBackwardEdge(account_, epochs_[4], epochs_[3]);
  ExpectUnreadable(Reason::kWrongSequence);
}

TEST_F(EdgesTest, EveryFlippedByte) {
  const Bytes edge = EdgeOf(4);
  for (size_t byte = 0; byte < edge.size(); ++byte) {
    Bytes changed = edge;
    changed[byte] ^= 0x80;
    EXPECT_FAILS(OpenBackwardEdge(account_, epochs_[4], changed), kDataLoss, kNotOpened);
  }
  EXPECT_FAILS(OpenBackwardEdge({"example", "bob"}, epochs_[4], edge), kDataLoss, kNotOpened);
}

TEST_F(EdgesTest, EpochZeroHasNone) {
  const Bytes forged = SealBackwardEdge(account_, epochs_[0], epochs_[1]);
  EXPECT_FAILS(OpenBackwardEdge(account_, epochs_[0], forged), kDataLoss, kWrongSequence);
}

}  // namespace
}  // namespace labrec::recovery::labyrinth

// Rows that somebody edited and an operator accepted as they are: no bytes of any row end the process.
#include "tests/integration/engine/edited_rows.h"

#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "recovery/record/accept/discarding.h"

namespace labrec::recovery {
namespace {

// What somebody makes of a row.
using Edit = std::function<Bytes(const Bytes& row, const Rows& all)>;

Edit Instead(const Digest& key) {
  return [key](const Bytes&, const Rows& all) { return all.at(key); };
}

// Each bit of a byte in sixteen, so that each field is hit; and noise behind the two bytes that name a row.
Edit FlipAt(size_t at) {
  return [at](const Bytes& row, const Rows&) {
    Bytes edited = row;
    edited[at % row.size()] ^= static_cast<uint8_t>(1U << (at % 8));
    return edited;
  };
}
Bytes Noise(const Bytes& row) {
  std::mt19937 random(1);
  Bytes edited = row;
  for (size_t at = 2; at < row.size(); ++at) edited[at] = static_cast<uint8_t>(random());
  return edited;
}

std::vector<Edit> Edits() {
  std::vector<Edit> edits = {
      [](const Bytes&, const Rows&) { return Bytes(); },
      [](const Bytes&, const Rows&) { return Bytes(1, 1); },
      [](const Bytes&, const Rows&) { return DiscardedRow(); },
      [](const Bytes& row, const Rows&) { return Bytes(row.size(), 0); },
      [](const Bytes& row, const Rows&) { return Bytes(row.begin(), row.begin() + row.size() / 2); },
      [](const Bytes& row, const Rows&) { return Bytes(row.begin(), row.begin() + 6); },
      [](const Bytes& row, const Rows&) { return Noise(row); },
  };
  for (size_t at = 0; at < 7; ++at) edits.push_back(FlipAt(at));
  for (size_t at = 7; at < 500; at += 17) edits.push_back(FlipAt(at));
  return edits;
}

// An account to each edit, of its record's row and of its own.
TEST_F(EditedRows, NoContentOfAnyRowEndsTheProcess) {
  EngineClient honest(realm, "honest");
  ASSERT_TRUE(honest.SetUp().ok());
  std::vector<Edit> of_record = Edits();
  std::vector<Edit> of_account = of_record;
  of_record.push_back(Instead(RecordKey(honest)));
  of_record.push_back(Instead(AccountKey(honest)));
  of_account.push_back(Instead(RecordKey(honest)));
  of_account.push_back(Instead(AccountKey(honest)));
  std::vector<std::unique_ptr<EngineClient>> clients;
  for (size_t i = 0; i < of_record.size() + of_account.size(); ++i) {
    clients.push_back(std::make_unique<EngineClient>(realm, "account-" + std::to_string(i)));
    ASSERT_TRUE(clients.back()->SetUp().ok());
  }
  ASSERT_TRUE(StartOn([&](Rows& rows) {
    const Rows before = rows;
    for (size_t i = 0; i < clients.size(); ++i) {
      const bool is_record = i < of_record.size();
      const Digest key = is_record ? RecordKey(*clients[i]) : AccountKey(*clients[i]);
      const Edit& edit = is_record ? of_record[i] : of_account[i - of_record.size()];
      rows[key] = edit(before.at(key), before);
    }
  }));
  for (const auto& client : clients) CallEverything(*client);
  EXPECT_EQ(RemainingOf(honest.Guess(1)), 9) << "others are served";
  EXPECT_EQ(realm.fatal_calls(), 0);
  EXPECT_TRUE(realm.engine().status().serving);
  realm.Restart();
  EXPECT_EQ(RemainingOf(honest.Guess(1)), 9);
}

// Two records of one account.
TEST_F(EditedRows, NorDoTwoRecordsThatChangePlaces) {
  EngineClient main(realm);
  ASSERT_TRUE(main.SetUp().ok());
  EngineClient other(realm);
  other.device = main.device.Clone();
  other.name.record = "other";
  ASSERT_TRUE(other.Register(1).ok() && other.Activate(1).ok());
  ASSERT_TRUE(StartOn([&](Rows& rows) { std::swap(rows.at(RecordKey(main)), rows.at(RecordKey(other))); }));
  for (EngineClient* client : {&main, &other}) {
    EXPECT_TRUE(absl::IsDataLoss(client->Guess(2).status()));
    CallEverything(*client);
  }
  EXPECT_EQ(realm.fatal_calls(), 0);
  EXPECT_TRUE(realm.engine().status().serving);
}

TEST_F(EditedRows, ADiscardedRowIsServedAsWhatItIs) {
  EngineClient alice(realm);
  EngineClient bob(realm, "bob");
  ASSERT_TRUE(alice.SetUp().ok() && bob.SetUp().ok());
  ASSERT_TRUE(StartOn([&](Rows& rows) { rows[RecordKey(alice)] = rows[AccountKey(bob)] = DiscardedRow(); }));
  EXPECT_TRUE(IsDestroyed(alice.Guess(1)));
  const auto view = alice.View();
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_TRUE(view->record.discarded);
  EXPECT_TRUE(alice.Register(2).ok()) << "the account has its device";
  EXPECT_TRUE(absl::IsFailedPrecondition(bob.Enroll().status())) << "a token alone is no first device";
  EXPECT_TRUE(absl::IsPermissionDenied(bob.Register(2).status()));
  EXPECT_EQ(RemainingOf(bob.Guess(1)), 9) << "his record is what it was";
  realm.Restart();
  EXPECT_TRUE(absl::IsFailedPrecondition(bob.Enroll().status()));
}

// Rows of two accounts change places, and the chip has indices of theirs: a start writes to the rows that it
// finds named.
TEST_F(EditedRows, NorDoRowsOfTwoAccountsWhoseChipCounts) {
  ChipClient alice(realm);
  ChipClient bob(realm, "bob");
  ASSERT_TRUE(alice.SetUpInChip(3).ok() && bob.SetUpInChip(3).ok());
  ASSERT_TRUE(bob.BeginInChip(2, 3).ok());
  ASSERT_EQ(RemainingOf(alice.Guess(1)), 2);
  ASSERT_TRUE(StartOn([&](Rows& rows) { std::swap(rows.at(RecordKey(alice)), rows.at(RecordKey(bob))); }));
  for (ChipClient* client : {&alice, &bob}) {
    EXPECT_TRUE(absl::IsDataLoss(client->Guess(2).status()));
    CallEverything(*client);
  }
  EXPECT_EQ(realm.fatal_calls(), 0);
}

}  // namespace
}  // namespace labrec::recovery

// Rows with other values than the realm wrote, good ones still, that an operator accepted as they are: what
// was edited makes no success, and no value ends the process.
#include <cstdint>
#include <memory>
#include <vector>

#include "recovery/api/limits.h"
#include "recovery/record/accept/accepting.h"
#include "recovery/record/codec/codec.h"
#include "recovery/record/codec/record_checks.h"
#include "tests/integration/engine/edited_rows.h"

namespace labrec::recovery {
namespace {

class EditedVersion : public EditedRows {
 protected:
  void SetUp() override {
    ASSERT_TRUE(alice.SetUp().ok());
    ASSERT_EQ(RemainingOf(alice.Guess(1)), 9);
    ASSERT_EQ(RemainingOf(alice.Guess(2)), 8);
  }
  bool StartEdited(const std::function<void(RecordVersion&)>& edit) {
    return StartOn([&](Rows& rows) {
      absl::StatusOr<Record> record = DecodeRecord(rows.at(RecordKey(alice)));
      ASSERT_TRUE(record.ok()) << record.status();
      edit(record->versions.at(0));
      rows[RecordKey(alice)] = EncodeRecord(*record);
    });
  }
  void ExpectNoSuccess(EngineClient& who) {
    const auto challenge = who.BeginUnlock();
    ASSERT_TRUE(challenge.ok());
    const auto unlocked = who.Unlock(*challenge);
    EXPECT_TRUE(absl::IsDataLoss(unlocked.status())) << unlocked.status();
    EXPECT_EQ(realm.StoredRecord(alice.name)->versions.at(0).spent, 2U) << "nothing was refilled";
  }

  EngineClient alice{realm};
};

TEST_F(EditedVersion, AnotherUnlockKeyMakesNoSuccess) {
  EngineClient thief(realm);  // has the token
  ASSERT_TRUE(
      StartEdited([&](RecordVersion& version) { version.unlock_key = thief.unlock_key.public_key(); }));
  ExpectNoSuccess(thief);
}

// The round that gave a thief guesses without end: each success of his own key, the limit anew.
TEST_F(EditedVersion, NorGuessesBeyondTheFloor) {
  EngineClient thief(realm);
  ASSERT_TRUE(StartOn([&](Rows& rows) {
    absl::StatusOr<Record> record = DecodeRecord(rows.at(RecordKey(alice)));
    ASSERT_TRUE(record.ok()) << record.status();
    record->versions.at(0).unlock_key = thief.unlock_key.public_key();
    rows[RecordKey(alice)] = AcceptRow(EncodeRecord(*record), {1, false, false}).value().value();
  }));
  int evaluated = 0;
  for (uint32_t number = 100; number < 150; ++number) {
    if (RemainingOf(thief.Guess(number)) >= 0) ++evaluated;
    if (const auto challenge = thief.BeginUnlock(); challenge.ok()) thief.Unlock(*challenge).IgnoreError();
  }
  EXPECT_EQ(evaluated, 1);
}

// The sealed fields of a version are good for it alone.
TEST_F(EditedVersion, NorTheSealedFieldsOfAnotherVersion) {
  ASSERT_TRUE(alice.Register(2).ok());
  ASSERT_TRUE(StartOn([&](Rows& rows) {
    absl::StatusOr<Record> record = DecodeRecord(rows.at(RecordKey(alice)));
    ASSERT_TRUE(record.ok()) << record.status();
    record->Find(1)->sealed_private = record->Find(2)->sealed_private;
    rows[RecordKey(alice)] = EncodeRecord(*record);
  }));
  ExpectNoSuccess(alice);
}

TEST_F(EditedVersion, NorDoesAnotherLimitOrConfig) {
  ASSERT_TRUE(StartEdited([&](RecordVersion& version) { version.guess_limit = 20; }));
  ExpectNoSuccess(alice);
  ASSERT_TRUE(StartEdited([&](RecordVersion& version) {
    version.guess_limit = 10;
    version.config.push_back(1);
  }));
  ExpectNoSuccess(alice);
}

TEST_F(EditedVersion, NorAnotherRegistrant) {
  ASSERT_TRUE(StartEdited([&](RecordVersion& version) { version.registered_by.reset(); }));
  ExpectNoSuccess(alice);
}

TEST_F(EditedVersion, AndWhatWasNotEditedStaysGood) {
  ASSERT_TRUE(StartEdited([](RecordVersion&) {}));
  const auto challenge = alice.BeginUnlock();
  ASSERT_TRUE(challenge.ok());
  EXPECT_TRUE(alice.Unlock(*challenge).ok());
  EXPECT_EQ(realm.StoredRecord(alice.name)->versions.at(0).spent, 0U);
}

using EditRecord = std::function<void(Record&)>;
using EditAccount = std::function<void(Account&)>;

std::vector<EditRecord> OddRecords() {
  return {
      [](Record& record) { record.last_counted_ms = INT64_MIN; },
      [](Record& record) { record.last_counted_ms = INT64_MAX; },
      [](Record& record) { record.highest_version = UINT32_MAX; },
      [](Record& record) {
        record.versions[0].number = UINT32_MAX;
        record.highest_version = UINT32_MAX;
      },
      [](Record& record) { record.versions[0].stage = Stage::kPending; },
      [](Record& record) { record.versions[0].registered_by = kUnknownRegistrar; },
      [](Record& record) { record.versions[0].guess_limit = 1; },
      [](Record& record) {
        record.versions[0].guess_limit = record.versions[0].spent = kMostGuesses;
        record.versions[0].counted_elements.assign(kMostGuesses, Digest{});
      },
      [](Record& record) { record.versions[0].config.assign(kMostConfigBytes, 0xFF); },
      [](Record& record) { record.versions[0].sealed_private.assign(kMostSealedPrivateBytes, 1); },
      [](Record& record) { record.versions[0].sealed_private.clear(); },
      [](Record& record) { record.versions.clear(); },
      [](Record& record) {
        record.floor = EpochFloor{UINT64_MAX, {}, EcdsaPrivateKey::Generate().public_key(), {}, {}};
      },
      [](Record& record) {
        record.versions.push_back(record.versions[0]);
        record.versions[1].number = record.highest_version = 2;
        record.versions[1].stage = Stage::kPending;
      },
      [](Record& record) {
        record.versions[0].chip = ChipPart{0x01810000, Bytes(8, 1), kMostGuesses, 0, {}};
      },
      [](Record& record) {
        RecordVersion begun;
        begun.number = record.highest_version + 1;
        begun.unlock_key = record.versions[0].unlock_key;
        begun.guess_limit = 3;
        begun.chip = ChipPart{0x01810000, Bytes(kMostChipKeyBytes, 1), 0, 0, {}};
        record.versions.push_back(begun);
      },
  };
}

std::vector<EditAccount> OddAccounts() {
  return {
      [](Account& account) { account.devices.clear(); },
      [](Account& account) { account.records.clear(); },
      [](Account& account) {
        account.records.clear();
        for (char name = 'a'; name < 'a' + static_cast<int>(kMostRecords); ++name) {
          account.records.emplace_back(1, name);
        }
      },
      [](Account& account) {
        while (account.devices.size() < kMostDevices) {
          const EcdsaPublicKey key = EcdsaPrivateKey::Generate().public_key();
          account.devices.push_back({key.DeviceId(), key, "x", INT64_MIN, EnrolledBy::kAdmin});
        }
      },
      [](Account& account) { account.devices[0].enrolled_at_ms = INT64_MAX; },
      [](Account& account) { account.discarded = true; },
  };
}

// An account to each value; all are rows that the codec takes.
TEST_F(EditedRows, NoValueInARowEndsTheProcess) {
  const std::vector<EditRecord> records = OddRecords();
  const std::vector<EditAccount> accounts = OddAccounts();
  std::vector<std::unique_ptr<EngineClient>> clients;
  for (size_t i = 0; i < records.size() + accounts.size(); ++i) {
    clients.push_back(std::make_unique<EngineClient>(realm, "account-" + std::to_string(i)));
    ASSERT_TRUE(clients.back()->SetUp().ok());
    ASSERT_EQ(RemainingOf(clients.back()->Guess(1)), 9);
  }
  ASSERT_TRUE(StartOn([&](Rows& rows) {
    for (size_t i = 0; i < clients.size(); ++i) {
      SCOPED_TRACE(i);
      if (i < records.size()) {
        Bytes& row = rows.at(RecordKey(*clients[i]));
        Record record = DecodeRecord(row).value();
        record.versions[0].counted_elements.clear();
        records[i](record);
        ASSERT_TRUE(IsValidRecord(record));
        row = EncodeRecord(record);
      } else {
        Bytes& row = rows.at(AccountKey(*clients[i]));
        Account account = DecodeAccount(row).value();
        accounts[i - records.size()](account);
        row = EncodeAccount(account);
      }
    }
  }));
  for (const auto& client : clients) CallEverything(*client);
  EXPECT_EQ(realm.fatal_calls(), 0);
  EXPECT_TRUE(realm.engine().status().serving);
  realm.Restart();
  EXPECT_TRUE(realm.engine().status().serving);
}

// A start looks at the indices that rows name.
TEST_F(EditedRows, NorTheChipsPartOfARow) {
  std::vector<std::unique_ptr<ChipClient>> clients;
  for (const char* account : {"alice", "bob", "carol"}) {
    clients.push_back(std::make_unique<ChipClient>(realm, account));
    ASSERT_TRUE(clients.back()->SetUpInChip(3).ok());
    ASSERT_EQ(RemainingOf(clients.back()->Guess(1)), 2);
  }
  const std::vector<std::function<void(ChipPart&, const ChipPart&)>> edits = {
      [](ChipPart& part, const ChipPart& another) { part.index = another.index; },
      [](ChipPart& part, const ChipPart&) { part.key.assign(40, 0xFF); },
      [](ChipPart& part, const ChipPart& another) {
        part.key = another.key;
        part.count = part.limit = kMostGuesses;
        for (CountedAnswer& answer : part.answers) answer.sealed.assign(kSealedAnswerBytes, 1);
      },
  };
  ASSERT_TRUE(StartOn([&](Rows& rows) {
    const ChipPart of_bob = *DecodeRecord(rows.at(RecordKey(*clients[1])))->versions[0].chip;
    for (size_t i = 0; i < clients.size(); ++i) {
      Record record = DecodeRecord(rows.at(RecordKey(*clients[i]))).value();
      edits[i](*record.versions[0].chip, of_bob);
      rows[RecordKey(*clients[i])] = EncodeRecord(record);
    }
  }));
  for (const auto& client : clients) {
    client->Guess(1).IgnoreError();
    client->Write(1, 3).IgnoreError();
    CallEverything(*client);
  }
  EXPECT_EQ(realm.fatal_calls(), 0);
  EXPECT_TRUE(realm.engine().status().serving);
}

}  // namespace
}  // namespace labrec::recovery

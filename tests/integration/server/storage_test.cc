#include <filesystem>
#include <string>
#include <utility>

#include "recovery/realm/folder.h"
#include "tests/integration/server/test.h"
#include "tests/support/storage/database_editor.h"

namespace labrec::test {
namespace {

namespace fs = std::filesystem;

// The exit code of a daemon whose ledger is refused.
constexpr int kLedgerRefused = 3;

class ServerStorage : public ServerTest {
 protected:
  void SetUp() override {
    StartRealm();
    ASSERT_NE(realm_, nullptr);
    alice_ = std::make_unique<ApiClient>(*realm_, "alice");
    const grpc::Status ready = alice_->SetUp();
    ASSERT_TRUE(ready.ok()) << ready.error_message();
  }

  fs::path Ledger() const { return recovery::RealmFolder(realm_->state()).LedgerPath(); }
  fs::path Aside() const { return realm_->state() / "aside.sqlite"; }
  void Stop() {
    const auto code = realm_->StopDaemon();
    ASSERT_TRUE(code.ok()) << code.status();
    ASSERT_EQ(*code, 0) << realm_->Log();
  }
  // The stopped ledger's files, put aside or brought back.
  static void Copy(const fs::path& from, const fs::path& to) {
    for (const char* suffix : {"", "-wal", "-shm"}) {
      fs::remove(to.string() + suffix);
      if (fs::exists(from.string() + suffix)) fs::copy_file(from.string() + suffix, to.string() + suffix);
    }
  }
  // The daemon ends by itself with the code for a refused ledger, and says these words.
  void ExpectRefused(const std::string& words) {
    const absl::Status started = realm_->StartDaemon();
    EXPECT_FALSE(started.ok()) << "it serves";
    EXPECT_THAT(std::string(started.message()), testing::HasSubstr(words));
    const auto code = realm_->daemon().Wait(std::chrono::seconds(20));
    ASSERT_TRUE(code.ok()) << code.status();
    EXPECT_EQ(*code, kLedgerRefused) << started;
  }

  std::unique_ptr<ApiClient> alice_;
};
LABREC_ON_EVERY_DEVICE_AND_WAY(ServerStorage);

TEST_P(ServerStorage, ARestoredCopyIsRefused) {
  Stop();
  Copy(Ledger(), Aside());
  ASSERT_TRUE(realm_->StartDaemon().ok());
  v1::EvaluateResponse guess;
  ASSERT_TRUE(alice_->Evaluate(1, &guess).ok());
  Stop();
  const fs::path newest = realm_->state() / "newest.sqlite";
  Copy(Ledger(), newest);
  Copy(Aside(), Ledger());
  ExpectRefused("rolled back");
  Copy(newest, Ledger());
  ASSERT_TRUE(realm_->StartDaemon().ok()) << "the newest state is still good";
  EXPECT_EQ(ShowRecord("alice")["remaining"], 9);
}

// A refused start moves nothing: the copy put aside stays the newest state.
TEST_P(ServerStorage, AnEditedHeadOrBucketIsRefused) {
  Stop();
  Copy(Ledger(), Aside());
  const std::pair<const char*, const char*> blobs[] = {
      {"head", "root"}, {"head", "evidence"}, {"bucket_digests", "digest"}};
  for (const auto& [table, column] : blobs) {
    SCOPED_TRACE(absl::StrCat(table, ".", column));
    DatabaseEditor(Ledger()).FlipBit(table, column,
                                     absl::StrCat("rowid = (SELECT min(rowid) FROM ", table, ")"));
    ExpectRefused(table == std::string("head") ? "the head row" : "bucket");
    Copy(Aside(), Ledger());
  }
  for (const char* change : {"epoch = epoch + 1", "epoch = epoch - 1", "records = records + 1",
                             "discontinuities = discontinuities + 1"}) {
    SCOPED_TRACE(change);
    DatabaseEditor(Ledger()).Change(absl::StrCat("UPDATE head SET ", change));
    ExpectRefused("put the latest intact copy back");
    Copy(Aside(), Ledger());
  }
  ASSERT_TRUE(realm_->StartDaemon().ok()) << "unharmed, it serves";
  EXPECT_EQ(ShowRecord("alice")["remaining"], 10);
}

// Rows are read when they are used: found then, and never served.
TEST_P(ServerStorage, AnEditedRowIsNeverServed) {
  Stop();
  const auto slots = DatabaseEditor(Ledger()).Numbers("SELECT slot FROM rows");
  ASSERT_EQ(slots.size(), 2U) << "alice's account and her record";
  for (const int64_t slot : slots) {
    SCOPED_TRACE(slot);
    const std::string where = absl::StrCat("slot = ", slot);
    DatabaseEditor(Ledger()).FlipBit("slots", "content", where);
    ASSERT_TRUE(realm_->StartDaemon().ok());
    v1::GetRecordResponse record;
    v1::ListDevicesResponse devices;
    const grpc::Status shown = alice_->GetRecord(&record);
    const grpc::Status listed =
        alice_->Call(&v1::Recovery::Stub::ListDevices, v1::ListDevicesRequest(), &devices);
    const grpc::Status& refused = shown.ok() ? listed : shown;
    EXPECT_REFUSED(refused, DATA_LOSS, "damaged");
    for (const char* operators : {"bucket", "row", "put the latest", "sqlite", "/"}) {
      EXPECT_THAT(refused.error_message(), testing::Not(testing::HasSubstr(operators)));
    }
    EXPECT_TRUE(realm_->WaitForLog("row").ok());
    ApiClient bob(*realm_, absl::StrCat("bob", slot));
    EXPECT_TRUE(bob.SetUp().ok()) << "others are served";
    Stop();
    DatabaseEditor(Ledger()).FlipBit("slots", "content", where);
  }
  ASSERT_TRUE(realm_->StartDaemon().ok());
  EXPECT_EQ(ShowRecord("alice")["remaining"], 10);
}

// An older content of a row is a good record: only its digest tells.
TEST_P(ServerStorage, AnOlderRowAmongCurrentOnesIsNeverServed) {
  Stop();
  Copy(Ledger(), Aside());
  ASSERT_TRUE(realm_->StartDaemon().ok());
  v1::EvaluateResponse guess;
  ASSERT_TRUE(alice_->Evaluate(1, &guess).ok());
  Stop();
  {
    DatabaseEditor editor(Ledger());
    editor.Numbers(absl::StrCat("ATTACH '", Aside().string(), "' AS old"));
    const auto changed = editor.Numbers(
        "SELECT n.slot FROM rows n JOIN slots c ON c.slot = n.slot "
        "JOIN old.rows o ON o.bucket = n.bucket AND o.key = n.key JOIN old.slots s ON s.slot = o.slot "
        "WHERE s.content <> c.content");
    ASSERT_EQ(changed.size(), 1U) << "the guess is counted in alice's record";
    editor.Change(
        absl::StrCat("UPDATE slots SET content = (SELECT s.content FROM rows n "
                     "JOIN old.rows o ON o.bucket = n.bucket AND o.key = n.key "
                     "JOIN old.slots s ON s.slot = o.slot WHERE n.slot = ",
                     changed[0], ") WHERE slot = ", changed[0]));
  }
  ASSERT_TRUE(realm_->StartDaemon().ok());
  v1::GetRecordResponse record;
  EXPECT_REFUSED(alice_->GetRecord(&record), DATA_LOSS, "what this realm stored of the account is damaged");
  EXPECT_REFUSED(alice_->Evaluate(2, &guess), DATA_LOSS, "what this realm stored of the account is damaged");
}

}  // namespace
}  // namespace labrec::test

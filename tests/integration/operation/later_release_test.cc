#include <filesystem>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/ledger/reanchor.h"
#include "recovery/realm/opened_realm.h"
#include "recovery/record/codec/row_frame.h"
#include "recovery/store/sqlite/sqlite_store.h"
#include "tests/support/process/temporary_folder.h"
#include "tests/support/realm/raw_account.h"
#include "tests/support/realm/realm_fixture.h"
#include "tests/support/realm/realm_stub.h"

// A realm that a later release of this software worked on.
namespace labrec::test {
namespace {

namespace fs = std::filesystem;

class LaterRelease : public testing::Test {
 protected:
  void SetUp() override {
    auto made = RealmFixture::Make(SimulatorKind::kSwtpm);
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
    Start();
    const auto stub = NewStub(*realm_);
    const auto account = RawAccount::Register(*stub, "chat", "alice", realm_->Token("alice"));
    ASSERT_TRUE(account.ok()) << account.status();
    Stop();
  }
  void Start() {
    const absl::Status started = realm_->StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
  }
  void Stop() {
    const auto code = realm_->StopDaemon();
    ASSERT_TRUE(code.ok() && *code == 0) << code.status();
  }
  fs::path ledger() const { return realm_->state() / "ledger.sqlite"; }
  void Put(const fs::path& from) {
    for (const char* suffix : {"-wal", "-shm"}) fs::remove(ledger().string() + suffix);
    fs::copy_file(from, ledger(), fs::copy_options::overwrite_existing);
  }
  // A ledger for which the device vouches, with the record's row in a format that this release does not know.
  void Make(const fs::path& path) {
    auto opened = recoveryd::OpenRealm(realm_->state(), realm_->device_uri(), std::nullopt, {});
    ASSERT_TRUE(opened.ok()) << opened.status();
    recovery::SqliteOptions create;
    create.open = recovery::SqliteOptions::Open::kCreateIfMissing;
    const auto target = recovery::OpenSqliteStore(path, create);
    ASSERT_TRUE(target.ok()) << target.status();
    recovery::ReanchorRequest request;
    request.realm_id = opened->manifest.realm_id;
    request.transform = [](const recovery::RowAddress&, ByteView row) {
      Bytes later = ToBytes(row);
      if (!recovery::IsAccountRow(row)) later[0] = recovery::kRecordFormat + 1;
      return absl::StatusOr<std::optional<Bytes>>(later);
    };
    const auto made =
        recovery::Reanchor(*opened->store, **target, *opened->anchor_device().freshness_anchor(), request);
    ASSERT_TRUE(made.ok()) << made.status();
  }
  Bytes RowOfRecord() {
    const auto store = recovery::OpenSqliteStore(ledger());
    EXPECT_TRUE(store.ok()) << store.status();
    Bytes found;
    const absl::Status read = (*store)->ForEachRow([&](const recovery::RowAddress&, ByteView row) {
      if (!recovery::IsAccountRow(row)) found = ToBytes(row);
      return absl::OkStatus();
    });
    EXPECT_TRUE(read.ok()) << read;
    return found;
  }

  TemporaryFolder folder_;
  std::unique_ptr<RealmFixture> realm_;
};

// An operator who went back to an older release, and whose storage is refused besides, loses no row by it.
TEST_F(LaterRelease, ItsRowsAreNotDiscardedByThisOne) {
  const fs::path spare = folder_.path() / "spare.sqlite";
  Make(spare);
  Put(spare);
  const Bytes later = RowOfRecord();
  ASSERT_TRUE(recovery::IsOfLaterRelease(later));
  Start();
  Stop();
  Put(spare);  // rolled back, and vouched for
  const absl::Status refused =
      realm_->Admin({"anchor", "accept", "--yes", "--state", realm_->state().string()}, false).status();
  EXPECT_THAT(refused.ToString(), testing::HasSubstr("accept it with that release"));
  EXPECT_EQ(RowOfRecord(), later) << "nothing was changed";
}

}  // namespace
}  // namespace labrec::test

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sqlite3.h>
#include <sys/stat.h>

#include "absl/strings/str_cat.h"

#include "recovery/record/codec/codec.h"
#include "recovery/store/sqlite/sqlite_store.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/realm/raw_account.h"
#include "tests/support/realm/realm_fixture.h"
#include "tests/support/realm/realm_stub.h"
#include "tests/support/token/token_editor.h"

// The operator's way out: anchor status, verify and accept; backup create and verify.
namespace labrec::test {
namespace {

namespace fs = std::filesystem;
namespace v1 = ::labyrinth::recovery::v1;
using Json = nlohmann::json;
using testing::HasSubstr;

class OperatorTest : public testing::TestWithParam<SimulatorKind> {
 protected:
  void SetUp() override {
    auto made = RealmFixture::Make(GetParam());
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
    Start();
    stub_ = NewStub(*realm_);
    auto account = RawAccount::Register(*stub_, "chat", "alice", realm_->Token("alice"));
    ASSERT_TRUE(account.ok()) << account.status();
    account_ = *std::move(account);
  }

  void Start() {
    const absl::Status started = realm_->StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
  }
  void Stop() {
    const auto code = realm_->StopDaemon();
    ASSERT_TRUE(code.ok() && *code == 0) << code.status();
  }

  bool IsToken() const { return GetParam() == SimulatorKind::kSoftHsm; }
  // "anchor accept" after a rollback: a token vouches for nothing then.
  std::vector<std::string> Accept(std::vector<std::string> more) const {
    std::vector<std::string> arguments = {"anchor", "accept"};
    if (IsToken()) arguments.emplace_back("--take-unvouched-rows");
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  // Edits the rows of the record, or of the account, behind the ledger's back. The daemon is stopped.
  void EditRows(const std::function<std::optional<Bytes>(ByteView)>& edit) {
    const auto store = recovery::OpenSqliteStore(ledger());
    ASSERT_TRUE(store.ok()) << store.status();
    recovery::StoreBatch edited;
    const absl::Status read = (*store)->ForEachRow([&](const recovery::RowAddress& address, ByteView row) {
      std::optional<Bytes> content = edit(row);
      if (content != ToBytes(row)) edited.rows.push_back({address, std::move(content)});
      return absl::OkStatus();
    });
    ASSERT_TRUE(read.ok()) << read;
    ASSERT_EQ(edited.rows.size(), 1U);
    const auto head = (*store)->ReadHead();
    ASSERT_TRUE(head.ok() && head->has_value());
    edited.head = **head;
    ASSERT_TRUE((*store)->Write(edited).ok());
  }
  // Puts another unlock key into the record's row, which is a good row still.
  void ReplaceUnlockKey() {
    EditRows([](ByteView row) -> std::optional<Bytes> {
      absl::StatusOr<recovery::Record> record = recovery::DecodeRecord(row);
      if (!record.ok()) return ToBytes(row);
      record->versions.at(0).unlock_key = EcdsaPrivateKey::Generate().public_key();
      return recovery::EncodeRecord(*record);
    });
  }
  void RemoveRowOfAccount() {
    EditRows([](ByteView row) {
      return recovery::DecodeAccount(row).ok() ? std::optional<Bytes>() : ToBytes(row);
    });
  }
  Json ListDevices() { return Online({"device", "list", "--tenant", "chat", "--account", "alice"}); }
  Json ShowRecord() {
    return Online({"record", "show", "--tenant", "chat", "--account", "alice", "--record", kRawRecord});
  }

  // Guesses left after one more.
  uint32_t Guess() {
    grpc::ClientContext context;
    context.AddMetadata("authorization", account_->bearer());
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    v1::EvaluateRequest request;
    request.set_record(kRawRecord);
    request.set_version(kRawVersion);
    request.add_elements(account_->NextElement());
    v1::EvaluateResponse response;
    const grpc::Status status = stub_->Evaluate(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.evaluated().remaining();
  }

  // A command on the realm's folder; nobody needs to run for it.
  absl::StatusOr<std::string> Offline(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--state", realm_->state().string()});
    return realm_->Admin(std::move(arguments), false);
  }
  Json GoodJson(const absl::StatusOr<std::string>& answer) {
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? Json::parse(*answer) : Json();
  }
  Json Online(std::vector<std::string> arguments) { return GoodJson(realm_->Admin(std::move(arguments))); }

  fs::path ledger() const { return realm_->state() / "ledger.sqlite"; }
  fs::path spare() const { return folder_.path() / "spare.sqlite"; }
  void Restore(const fs::path& from) {
    for (const char* suffix : {"-wal", "-shm"}) fs::remove(ledger().string() + suffix);
    fs::copy_file(from, ledger(), fs::copy_options::overwrite_existing);
  }
  std::string AuditLog() const {
    std::ifstream file(realm_->state() / "audit.log");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TemporaryFolder folder_;
  std::unique_ptr<RealmFixture> realm_;
  std::unique_ptr<v1::Recovery::Stub> stub_;
  std::unique_ptr<RawAccount> account_;
};
INSTANTIATE_TEST_SUITE_P(Devices, OperatorTest,
                         testing::Values(SimulatorKind::kSwtpm, SimulatorKind::kSoftHsm),
                         [](const auto& kind) {
                           return std::string(kind.param == SimulatorKind::kSwtpm ? "Swtpm" : "SoftHsm");
                         });

TEST_P(OperatorTest, ARestoredLedgerIsRefusedUntilItIsAccepted) {
  ASSERT_EQ(Guess(), kRawLimit - 1);
  EXPECT_THAT(Offline({"anchor", "status"}).status().ToString(), HasSubstr("another process works"));
  Stop();
  const Json fresh = GoodJson(Offline({"anchor", "status"}));
  EXPECT_TRUE(fresh["starts"]);
  EXPECT_EQ(fresh["epochs_behind"], 0);
  EXPECT_THAT(Offline({"anchor", "accept", "--yes"}).status().ToString(), HasSubstr("nothing to accept"));
  fs::copy_file(ledger(), spare());

  Start();
  for (int i = 0; i < 3; ++i) Guess();
  Stop();
  Restore(spare());
  EXPECT_FALSE(realm_->StartDaemon().ok());
  EXPECT_THAT(realm_->Log(), HasSubstr("rolled back by 5 epochs"));
  const auto refused = Offline({"anchor", "status"});
  EXPECT_THAT(refused.status().ToString(), HasSubstr("ended with 1")) << refused.status();
  EXPECT_THAT(refused.status().ToString(), HasSubstr("rolled back by 5 epochs"));
  EXPECT_THAT(Offline({"anchor", "verify"}).status().ToString(), HasSubstr("rolled back by 5 epochs"));
  EXPECT_THAT(Offline(Accept({})).status().ToString(), HasSubstr("say --yes"))
      << "nobody at a terminal was asked";

  if (IsToken()) {
    EXPECT_THAT(Offline({"anchor", "accept", "--yes"}).status().ToString(), HasSubstr("vouches for none"));
  }
  const Json accepted = GoodJson(Offline(Accept({"--yes", "--reanchor-floor", "2"})));
  EXPECT_EQ(accepted["discontinuities"], 1);
  EXPECT_EQ(accepted["rows_left_out"], 0);
  EXPECT_EQ(accepted["rows_unvouched"], IsToken() ? 2 : 0) << "a TPM vouches for past epochs";
  EXPECT_THAT(AuditLog(), HasSubstr("\"event\":\"anchor_accept\""));
  EXPECT_THAT(AuditLog(), HasSubstr("\"event\":\"anchor_accept_done\""));
  EXPECT_THAT(AuditLog(), HasSubstr("\"discontinuities\":1"));
  EXPECT_THAT(AuditLog(), HasSubstr("rolled back by 5 epochs"));
  EXPECT_TRUE(GoodJson(Offline({"anchor", "verify"}))["intact"]);

  Start();
  v1::GetRealmResponse seen;
  grpc::ClientContext context;
  ASSERT_TRUE(stub_->GetRealm(&context, {}, &seen).ok());
  EXPECT_EQ(seen.discontinuities(), 1U);
  EXPECT_EQ(Guess(), 1U) << "two were left, not " << kRawLimit - 1;
  Stop();
  Restore(spare());
  EXPECT_EQ(GoodJson(Offline(Accept({"--yes"})))["discontinuities"], 2)
      << "the audit log remembers what the restored copy forgot";
}

class OperatorOfATokenTest : public OperatorTest {};
INSTANTIATE_TEST_SUITE_P(Devices, OperatorOfATokenTest, testing::Values(SimulatorKind::kSoftHsm),
                         [](const auto&) { return std::string("SoftHsm"); });

TEST_P(OperatorOfATokenTest, ATokenThatLostItsRatchetIsStartedAnewByAccept) {
  ASSERT_EQ(Guess(), kRawLimit - 1);
  Stop();
  const uint64_t epoch = GoodJson(Offline({"anchor", "status"}))["device_epoch"];
  const auto destroyed = DestroyTokenKeys(realm_->device_uri(), "anchor");
  ASSERT_TRUE(destroyed.ok()) << destroyed.status();
  ASSERT_EQ(*destroyed, 1);

  const std::string why = "the token has no key of the realm's freshness anchor";
  EXPECT_FALSE(realm_->StartDaemon().ok());
  EXPECT_THAT(realm_->Log(), HasSubstr(why));
  EXPECT_THAT(Offline({"anchor", "status"}).status().ToString(), HasSubstr(why));
  EXPECT_THAT(Offline({"anchor", "accept", "--yes"}).status().ToString(), HasSubstr("vouches for none"));
  const Json accepted = GoodJson(Offline(Accept({"--yes", "--reanchor-floor", "2"})));
  EXPECT_EQ(accepted["discontinuities"], 1);
  EXPECT_GT(accepted["epoch"], epoch) << "epochs go on";
  EXPECT_THAT(AuditLog(), HasSubstr(why));
  EXPECT_THAT(AuditLog(), HasSubstr("\"event\":\"anchor_accept_done\""));

  Start();
  EXPECT_EQ(Guess(), 1U) << "two were left, not " << kRawLimit - 1;
  Stop();
  EXPECT_THAT(Offline({"anchor", "accept", "--yes"}).status().ToString(), HasSubstr("nothing to accept"));
}

TEST_P(OperatorTest, OneFlippedByteIsFoundAndNamed) {
  Stop();
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(ledger().c_str(), &database), SQLITE_OK);
  const char* const flip =
      "UPDATE slots SET content = CAST(substr(content,1,100) || x'ff' || substr(content,102) AS BLOB) "
      "WHERE slot = (SELECT slot FROM rows LIMIT 1)";
  ASSERT_EQ(sqlite3_exec(database, flip, nullptr, nullptr, nullptr), SQLITE_OK);
  ASSERT_EQ(sqlite3_changes(database), 1);
  sqlite3_close(database);
  const std::string verified = Offline({"anchor", "verify"}).status().ToString();
  EXPECT_THAT(verified, HasSubstr("ended with 1"));
  EXPECT_THAT(verified, testing::ContainsRegex("row [0-9a-f]+ of bucket [0-9]+ does not hold what"));
  EXPECT_TRUE(GoodJson(Offline({"anchor", "status"}))["starts"]) << "only a walk or a use finds a row";
  const Json accepted = GoodJson(Offline({"anchor", "accept", "--yes"}));
  EXPECT_EQ(accepted["rows_unvouched"], 1) << "not intact, so there is something to accept";
  EXPECT_EQ(accepted["rows_discarded"], 1);
  EXPECT_TRUE(GoodJson(Offline({"anchor", "verify"}))["intact"]);
}

TEST_P(OperatorTest, AnEditedRowIsNotBelieved) {
  Stop();
  ReplaceUnlockKey();
  const Json accepted = GoodJson(Offline({"anchor", "accept", "--yes"}));
  EXPECT_EQ(accepted["rows_unvouched"], 1);
  EXPECT_EQ(accepted["rows_discarded"], 1);
  EXPECT_EQ(accepted["rows_left_out"], 0);
  EXPECT_THAT(AuditLog(), HasSubstr("not vouched for 1, discarded 1"));
  Start();
  const Json shown = ShowRecord();
  EXPECT_EQ(shown["state"], "destroyed");
  EXPECT_TRUE(shown["discarded"]);
  EXPECT_EQ(ListDevices()["devices"].size(), 1U) << "the account's row was not edited";
  EXPECT_FALSE(ListDevices()["discarded"]);
  EXPECT_EQ(Guess(), 0U);
  EXPECT_THAT(AuditLog(), HasSubstr("nobody vouched for its row"));
  EXPECT_THAT(AuditLog(), testing::Not(HasSubstr("every guess was spent")));
}

TEST_P(OperatorTest, UnlessTheOperatorSaysSo) {
  Stop();
  ReplaceUnlockKey();
  const Json accepted = GoodJson(Offline({"anchor", "accept", "--yes", "--take-unvouched-rows"}));
  EXPECT_EQ(accepted["rows_unvouched"], 1);
  EXPECT_EQ(accepted["rows_discarded"], 0);
  EXPECT_THAT(AuditLog(), HasSubstr("not vouched for 1 (taken all the same)"));
  Start();
  EXPECT_EQ(ShowRecord()["state"], "usable");
  EXPECT_FALSE(ShowRecord()["discarded"]);
}

// Else whoever has the token would be the account's first device.
TEST_P(OperatorTest, AnAccountWhoseRowWasTakenAwayIsNoNewOne) {
  Stop();
  RemoveRowOfAccount();
  const Json accepted = GoodJson(Offline({"anchor", "accept", "--yes"}));
  EXPECT_EQ(accepted["rows_unvouched"], 1);
  EXPECT_EQ(accepted["rows_discarded"], 1);
  EXPECT_TRUE(GoodJson(Offline({"anchor", "verify"}))["intact"]);
  Start();
  EXPECT_EQ(ListDevices()["devices"].size(), 0U);
  EXPECT_TRUE(ListDevices()["discarded"]);
  const auto thief = RawAccount::Register(*stub_, "chat", "alice", realm_->Token("alice"));
  EXPECT_THAT(thief.status().ToString(), HasSubstr("nobody vouched for this account"));
  EXPECT_EQ(ShowRecord()["state"], "usable") << "the record's row is what it was";
}

// A row that somebody put there is as if it had never been.
TEST_P(OperatorTest, AnAddedRowIsLeftOut) {
  Stop();
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(ledger().c_str(), &database), SQLITE_OK);
  const char* const add =
      "INSERT INTO rows(bucket, key, slot) SELECT bucket, zeroblob(32), slot FROM rows LIMIT 1";
  ASSERT_EQ(sqlite3_exec(database, add, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
  sqlite3_close(database);
  const Json accepted = GoodJson(Offline({"anchor", "accept", "--yes"}));
  EXPECT_EQ(accepted["rows_unvouched"], 1);
  EXPECT_EQ(accepted["rows_discarded"], 0);
  EXPECT_EQ(accepted["rows_left_out"], 1);
  Start();
  EXPECT_EQ(Guess(), 0U) << "one was left";
}

TEST_P(OperatorTest, ABackupUnderLoadVerifies) {
  std::atomic<bool> enough = false;
  std::atomic<int> registered = 0;
  std::thread load([&] {
    while (!enough) {
      const std::string name = absl::StrCat("load", registered.load());
      const auto account = RawAccount::Register(*stub_, "chat", name, realm_->Token(name));
      EXPECT_TRUE(account.ok()) << account.status();
      if (!account.ok()) break;
      ++registered;
    }
  });
  const fs::path file = folder_.path() / "backup.sqlite";
  const Json made = Online({"backup", "create", "--output", file.string()});
  const auto again = realm_->Admin({"backup", "create", "--output", file.string()});
  enough = true;
  load.join();
  EXPECT_GT(registered, 0);
  EXPECT_THAT(again.status().ToString(), HasSubstr("is there already"));
  struct stat facts {};
  ASSERT_EQ(stat(file.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0600U);
  EXPECT_EQ(made["bytes"], facts.st_size);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 1) << "no part of a file is left";
  EXPECT_THAT(AuditLog(), HasSubstr("backup_create_done"));

  Guess();
  const std::string socket = realm_->admin_socket().string();
  const Json running = GoodJson(Offline({"backup", "verify", file.string(), "--socket", socket}));
  EXPECT_TRUE(running["intact"]);
  EXPECT_GE(running["epochs_behind"], 1);
  EXPECT_GE(running["storage_epoch"], made["epoch_at_least"]);
  EXPECT_THAT(running["evidence"].get<std::string>(), HasSubstr("not judged"));
  Stop();
  const Json stopped = GoodJson(Offline({"backup", "verify", file.string()}));
  EXPECT_EQ(stopped["epochs_behind"], running["epochs_behind"]);
  EXPECT_THAT(stopped["restoring_means"].get<std::string>(), HasSubstr("would refuse it"));

  std::fstream spoil(file, std::ios::in | std::ios::out | std::ios::binary);
  spoil.seekp(static_cast<std::streamoff>(facts.st_size / 2));
  spoil.write("spoilt, spoilt, spoilt", 22);
  spoil.close();
  // Where no row lies it may hit nothing that counts; the head always does.
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
  sqlite3_exec(database, "UPDATE head SET root=zeroblob(32)", nullptr, nullptr, nullptr);
  sqlite3_close(database);
  EXPECT_FALSE(Offline({"backup", "verify", file.string()}).ok());
}

// A copy of the present epoch, one row of which is spoilt.
TEST_P(OperatorTest, ADamagedBackupIsNotCalledGood) {
  const fs::path file = folder_.path() / "backup.sqlite";
  Online({"backup", "create", "--output", file.string()});
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
  ASSERT_EQ(
      sqlite3_exec(database,
                   "UPDATE slots SET content = zeroblob(200) WHERE slot = (SELECT slot FROM rows LIMIT 1)",
                   nullptr, nullptr, nullptr),
      SQLITE_OK);
  sqlite3_close(database);
  const FinishedCommand verified =
      RunCommand({LABREC_BIN_DIR "/labyrinth-admin", "backup", "verify", "--json", "--state", realm_->state(),
                  "--socket", realm_->admin_socket(), file});
  EXPECT_EQ(verified.code, 1) << verified.err;
  const Json report = Json::parse(verified.out);
  EXPECT_FALSE(report["intact"]);
  EXPECT_EQ(report["epochs_behind"], 0);
  EXPECT_THAT(report["restoring_means"].get<std::string>(), HasSubstr("it is damaged"));
  EXPECT_THAT(report["restoring_means"].get<std::string>(), testing::Not(HasSubstr("as it is")));
}

TEST_P(OperatorTest, WearIsCountedOverRuns) {
  const Json before = Online({"status"})["anchor_wear"];
  Guess();
  const Json after = Online({"status"})["anchor_wear"];
  EXPECT_GT(after["lifetime_writes"], before["lifetime_writes"]);
  EXPECT_EQ(after["rated_endurance"], GetParam() == SimulatorKind::kSwtpm ? 500000 : 0);
  EXPECT_EQ(after["years_left"].is_null(), GetParam() == SimulatorKind::kSoftHsm);
  Stop();
  Start();
  const Json later = Online({"status"})["anchor_wear"];
  EXPECT_GT(later["lifetime_writes"], after["lifetime_writes"]);
  EXPECT_EQ(later["counted_since_ms"], after["counted_since_ms"]);
  EXPECT_LT(later["writes_since_start"], later["lifetime_writes"]);
}

}  // namespace
}  // namespace labrec::test

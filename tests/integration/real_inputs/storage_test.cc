// Rows 18 and 19: disks that are full, and files of a database that do not belong together.

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

#include "absl/strings/str_cat.h"

#include "tests/support/realm/raw_account.h"
#include "tests/support/realm/realm_fixture.h"
#include "tests/support/realm/realm_stub.h"
#include "tests/support/storage/small_disk.h"

namespace labrec::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using testing::HasSubstr;

constexpr int kLedgerRefused = 3;

class RealInputsOnDisk : public testing::Test {
 protected:
  void SetUp() override {
    auto made = RealmFixture::Make(SimulatorKind::kSwtpm);
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
  }
  void Start() {
    const absl::Status started = realm_->StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
    stub_ = NewStub(*realm_);
  }
  void Stop() {
    const auto code = realm_->StopDaemon();
    ASSERT_TRUE(code.ok() && *code == 0) << code.status() << realm_->Log();
  }
  // A start that the ledger forbids: it ends by itself, with the code after which nobody restarts it.
  void ExpectRefused(const std::string& advice) {
    const absl::Status started = realm_->StartDaemon();
    ASSERT_FALSE(started.ok()) << "it serves";
    EXPECT_THAT(std::string(started.message()), HasSubstr(advice));
    const auto code = realm_->daemon().Wait(std::chrono::seconds(20));
    ASSERT_TRUE(code.ok()) << code.status();
    EXPECT_EQ(*code, kLedgerRefused) << started;
  }
  // Enrols, registers and activates: several batches.
  absl::Status Register(const std::string& account) {
    return RawAccount::Register(*stub_, "chat", account, realm_->Token(account)).status();
  }
  void RegisterSome(const std::string& prefix, int count) {
    for (int i = 0; i < count; ++i) {
      const absl::Status done = Register(absl::StrCat(prefix, i));
      ASSERT_TRUE(done.ok()) << done;
    }
  }
  // Changes the realm until storage refuses; false if it never does.
  bool UseUpTheRoom() {
    for (int i = 0; i < 500; ++i) {
      const bool refused = !Register(absl::StrCat("more", i)).ok();
      if (refused && realm_->Log().find("storage refused a batch") != std::string::npos) return true;
    }
    return false;
  }
  Json Status() {
    const auto status = realm_->Admin({"status"});
    EXPECT_TRUE(status.ok()) << status.status();
    return status.ok() ? Json::parse(*status) : Json();
  }
  // Small batches may still find a place for a while.
  void ExpectItWaitsForRoom() {
    for (int i = 0; i < 100 && Status()["serving"] != false; ++i)
      Register(absl::StrCat("last", i)).IgnoreError();
    ASSERT_TRUE(realm_->daemon().Running()) << realm_->Log();
    EXPECT_FALSE(Register("late").ok()) << "there is no room";
    EXPECT_EQ(Status()["serving"], false);
    EXPECT_THAT(Status()["not_serving_reason"].get<std::string>(), HasSubstr("storage"));
  }
  // It asks storage once a second at the latest.
  void ExpectItGoesOn() {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (Status()["serving"] != true && std::chrono::steady_clock::now() < patience) {
    }
    EXPECT_THAT(realm_->Log(), HasSubstr("storage takes batches again"));
    RegisterSome("after", 3);
    Stop();
    const auto intact = Offline({"anchor", "verify"});
    EXPECT_TRUE(intact.ok()) << intact.status();
    Start();
    RegisterSome("again", 1);
    EXPECT_THAT(realm_->Log(), testing::Not(HasSubstr("stopping at once")));
  }
  absl::StatusOr<std::string> Offline(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--state", realm_->state().string()});
    return realm_->Admin(std::move(arguments), false);
  }

  fs::path ledger() const { return realm_->state() / "ledger.sqlite"; }
  // The database and its log; an empty text where there is none.
  std::vector<std::string> Content() const {
    std::vector<std::string> content;
    for (const char* suffix : {"", "-wal"}) {
      std::ifstream file(ledger().string() + suffix, std::ios::binary);
      content.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    return content;
  }
  // Puts these there instead, owned and with a mode as before.
  void Put(const std::vector<std::string>& content) const {
    const char* const suffixes[] = {"", "-wal"};
    for (size_t i = 0; i < content.size(); ++i) {
      const std::string path = ledger().string() + suffixes[i];
      fs::remove(path);
      std::ofstream(path, std::ios::binary) << content[i];
      fs::permissions(path, fs::perms(0600));
    }
    fs::remove(ledger().string() + "-shm");
  }
  // As a crash or a power cut leaves it: what came last stands in the log.
  std::vector<std::string> Crash() {
    realm_->daemon().Kill();
    std::vector<std::string> content = Content();
    EXPECT_FALSE(content[1].empty());
    return content;
  }

  std::unique_ptr<RealmFixture> realm_;
  std::unique_ptr<labyrinth::recovery::v1::Recovery::Stub> stub_;
};

TEST_F(RealInputsOnDisk, Row18_AFullDiskRefusesRequestsUntilThereIsRoom) {
  const auto disk = SmallDisk::Under(realm_->state(), 8 << 20);
  ASSERT_TRUE(disk.ok()) << disk.status();
  Start();
  RegisterSome("first", 1);
  ASSERT_TRUE((*disk)->Fill().ok());
  ASSERT_TRUE(UseUpTheRoom()) << realm_->Log();
  ExpectItWaitsForRoom();
  (*disk)->MakeRoom();
  ExpectItGoesOn();
}

// As with a quota, or LimitFSIZE= of the unit.
TEST_F(RealInputsOnDisk, Row18_FilesThatMayNotGrowAreAsAFullDisk) {
  Start();
  RegisterSome("first", 1);
  rlimit limit{};
  ASSERT_EQ(prlimit(realm_->daemon().pid(), RLIMIT_FSIZE, nullptr, &limit), 0);
  const rlim_t before = std::exchange(limit.rlim_cur, 64 << 10);
  ASSERT_EQ(prlimit(realm_->daemon().pid(), RLIMIT_FSIZE, &limit, nullptr), 0);
  ASSERT_TRUE(UseUpTheRoom()) << realm_->Log();
  ExpectItWaitsForRoom();
  limit.rlim_cur = before;
  ASSERT_EQ(prlimit(realm_->daemon().pid(), RLIMIT_FSIZE, &limit, nullptr), 0);
  ExpectItGoesOn();
}

TEST_F(RealInputsOnDisk, Row18_ABackupThatFindsNoRoomLeavesNothing) {
  Start();
  RegisterSome("first", 1);
  const TemporaryFolder folder;
  const auto disk = SmallDisk::Under(folder.path(), 16 << 10);
  ASSERT_TRUE(disk.ok()) << disk.status();
  // The daemon started before the disk was there, and has its mounts with this test's: it sees the disk.
  Stop();
  Start();
  const auto backup = realm_->Admin({"backup", "create", "--output", folder.path() / "copy"});
  EXPECT_FALSE(backup.ok());
  EXPECT_TRUE(fs::is_empty(folder.path()));
  RegisterSome("after", 1);
}

TEST_F(RealInputsOnDisk, Row18_AnOldDatabaseBesideTheNewestLogIsRefusedWithAdvice) {
  Start();
  RegisterSome("first", 1);
  Stop();
  const std::vector<std::string> old = Content();
  Start();
  RegisterSome("more", 20);
  Stop();
  Start();
  RegisterSome("newest", 2);
  const std::vector<std::string> newest = Crash();
  Put({old[0], newest[1]});
  ExpectRefused("put");
  EXPECT_THAT(realm_->Log(), HasSubstr("belong together"));
  EXPECT_EQ(Content(), (std::vector<std::string>{old[0], newest[1]})) << "a refused start changes nothing";
  EXPECT_FALSE(Offline({"anchor", "status"}).ok());
  EXPECT_FALSE(Offline({"anchor", "verify"}).ok());
  EXPECT_EQ(Content(), (std::vector<std::string>{old[0], newest[1]}));
  Put(newest);
  Start();
  RegisterSome("after", 1);
}

TEST_F(RealInputsOnDisk, Row18_AnEmptyDatabaseDoesNotCostItsLog) {
  Start();
  RegisterSome("first", 1);
  const std::vector<std::string> newest = Crash();
  Put({"", newest[1]});
  ExpectRefused("is empty");
  EXPECT_FALSE(Offline({"anchor", "status"}).ok());
  EXPECT_EQ(Content()[1], newest[1]);
  Put({"no database, whatever its name says, but long enough to be taken for one" + std::string(4096, 'x'),
       ""});
  ExpectRefused("put back");
  Put(newest);
  Start();
  RegisterSome("after", 1);
}

TEST_F(RealInputsOnDisk, Row19_LookingAndRefusedStartsLeaveTheDatabaseAndItsLog) {
  Start();
  RegisterSome("first", 1);
  const std::vector<std::string> earlier = Crash();
  Start();
  RegisterSome("more", 10);
  Stop();
  Start();
  RegisterSome("newest", 1);
  const fs::path backup = realm_->state() / "copy";
  ASSERT_TRUE(realm_->Admin({"backup", "create", "--output", backup}).ok());
  const std::vector<std::string> newest = Crash();
  for (int i = 0; i < 3; ++i) {
    const std::vector<std::string> mixed = {newest[0], earlier[1]};
    Put(mixed);
    EXPECT_FALSE(Offline({"anchor", "status"}).ok());
    EXPECT_FALSE(Offline({"anchor", "verify"}).ok());
    EXPECT_EQ(Content(), mixed);
    if (i == 0) {
      ExpectRefused("put");
      EXPECT_EQ(Content(), mixed);
      Offline({"anchor", "accept"}).IgnoreError();  // without --yes it only says what it would mean
      EXPECT_EQ(Content(), mixed);
    }
    Put(newest);
    const auto intact = Offline({"anchor", "verify"});
    ASSERT_TRUE(intact.ok()) << i << ": " << intact.status();
    EXPECT_TRUE(Offline({"anchor", "status"}).ok());
    EXPECT_EQ(Content(), newest);
  }
  EXPECT_TRUE(Offline({"backup", "verify", backup}).ok());
  EXPECT_EQ(Content(), newest) << "a good ledger is looked at as carefully";
  Start();
  RegisterSome("after", 1);
}

// Nor do they leave anything behind.
TEST_F(RealInputsOnDisk, Row19_LookingLeavesNoFiles) {
  Start();
  RegisterSome("first", 1);
  Stop();
  const auto names = [this] {
    std::map<std::string, uintmax_t> found;
    for (const auto& entry : fs::directory_iterator(realm_->state())) {
      if (entry.is_regular_file()) found[entry.path().filename()] = entry.file_size();
    }
    found.erase("ledger.sqlite.lock");
    return found;
  };
  const auto before = names();
  EXPECT_TRUE(Offline({"anchor", "status"}).ok());
  EXPECT_TRUE(Offline({"anchor", "verify"}).ok());
  EXPECT_EQ(names(), before);
}

}  // namespace
}  // namespace labrec::test

#include <filesystem>
#include <string>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "hsm/base/file.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/realm/raw_account.h"
#include "tests/support/realm/realm_fixture.h"
#include "tests/support/realm/realm_stub.h"

// labyrinth-admin doctor.
namespace labrec::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class Doctor : public testing::Test {
 protected:
  void SetUp() override {
    RealmFixture::Options options;
    options.transport = RealmFixture::Transport::kLoopbackTls;
    auto made = RealmFixture::Make(SimulatorKind::kSwtpm, options);
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
    const absl::Status started = realm_->StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
  }
  FinishedCommand Ask() const {
    return RunCommand({LABREC_BIN_DIR "/labyrinth-admin", "doctor", "--config",
                       realm_->state().parent_path() / "recoveryd.toml"});
  }
  std::unique_ptr<RealmFixture> realm_;
};

TEST_F(Doctor, OfARealmThatServes) {
  const FinishedCommand asked = Ask();
  EXPECT_EQ(asked.code, 1) << "a software TPM, a certificate for two days: " << asked.out << asked.err;
  EXPECT_THAT(asked.out, HasSubstr("good   daemon: serves"));
  EXPECT_THAT(asked.out, HasSubstr("soon   device: a software TPM"));
  EXPECT_THAT(asked.out, HasSubstr("soon   certificate: "));
  EXPECT_THAT(asked.out, Not(HasSubstr("wrong  ")));
}

TEST_F(Doctor, OfOneThatDoesNot) {
  ASSERT_TRUE(realm_->StopDaemon().ok());
  const FinishedCommand stopped = Ask();
  EXPECT_EQ(stopped.code, 2);
  EXPECT_THAT(stopped.out, HasSubstr("wrong  daemon: does not run"));
  EXPECT_THAT(stopped.out, HasSubstr("good   ledger: "));
  realm_->BreakDevice();
  EXPECT_THAT(Ask().out, HasSubstr("wrong  ledger: device tpm2:"));
}

TEST_F(Doctor, WhatItLooksAt) {
  fs::permissions(realm_->state(), fs::perms(0755));
  fs::permissions(realm_->state() / "realm.json", fs::perms(0644));
  ASSERT_TRUE(WriteFile(realm_->state() / "audit.log",
                        AsBytes("{\"event\":\"x\",\"chain\":\"" + std::string(64, '0') + "\"}\n"), 0600,
                        Overwrite::kReplace)
                  .ok());
  fs::remove(realm_->jwks());
  fs::remove(realm_->state() / "wear.json");
  const FinishedCommand asked = Ask();
  EXPECT_EQ(asked.code, 2);
  for (const char* words : {"folder: ", "others can enter it", "chmod 0600", "wrong  audit log: 1 lines",
                            "wrong  token keys: ", "chat.jwks", "wear.json is not there"}) {
    EXPECT_THAT(asked.out, HasSubstr(words));
  }
}

// A realm made for 40 rows, with 42: doctor and the start say so, and what it costs.
TEST(Size, OfARealmThatItsAccountsHaveOutgrown) {
  RealmFixture::Options options;
  options.init_options = {"--bucket-exponent", "0"};
  const auto made = RealmFixture::Make(SimulatorKind::kSwtpm, options);
  ASSERT_TRUE(made.ok()) << made.status();
  RealmFixture& realm = **made;
  ASSERT_TRUE(realm.StartDaemon().ok());
  const std::string configuration = realm.state().parent_path() / "recoveryd.toml";
  const auto doctor = [&] {
    return RunCommand({LABREC_BIN_DIR "/labyrinth-admin", "doctor", "--config", configuration}).out;
  };
  const auto stub = NewStub(realm);
  const auto add_account = [&](int number) {
    const std::string name = "account-" + std::to_string(number);
    return RawAccount::Register(*stub, "chat", name, realm.Token(name)).status();
  };
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(add_account(i).ok());
  EXPECT_THAT(doctor(), HasSubstr("good   size: 40 rows, made for 40"));
  ASSERT_TRUE(add_account(20).ok());
  constexpr char kOutgrown[] = "its 2^0 buckets are made for 40 rows, it has 42";
  EXPECT_THAT(doctor(), HasSubstr(std::string("soon   size: ") + kOutgrown));
  ASSERT_TRUE(realm.StopDaemon().ok());
  EXPECT_THAT(doctor(), HasSubstr(std::string("soon   size: ") + kOutgrown));
  ASSERT_TRUE(realm.StartDaemon().ok());
  EXPECT_THAT(realm.Log(), HasSubstr(std::string("has outgrown its realm: ") + kOutgrown));
}

TEST(Size, TheExpectedAccountsChooseTheBuckets) {
  for (const auto& [accounts, exponent, made_for] :
       {std::tuple{"1000", 8, 5'120}, std::tuple{"1000000", 16, 1'310'720}}) {
    RealmFixture::Options options;
    options.init_options = {"--accounts", accounts};
    const auto made = RealmFixture::Make(SimulatorKind::kSwtpm, options);
    ASSERT_TRUE(made.ok()) << made.status();
    const auto shown = (*made)->Admin({"realm", "show", "--state", (*made)->state()});
    ASSERT_TRUE(shown.ok()) << shown.status();
    const Json json = Json::parse(*shown);
    EXPECT_EQ(json["bucket_exponent"], exponent);
    EXPECT_EQ(json["accounts_made_for"], made_for);
  }
}

}  // namespace
}  // namespace labrec::test

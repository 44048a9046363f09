// More chip calls than an account has places for: what its client hears, and that it comes back.
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "tests/support/device/gate.h"
#include "tests/support/net/loopback.h"
#include "tests/support/process/eventually.h"
#include "tests/support/realm/chip_realm.h"
#include "tests/support/realm/core_call.h"

namespace labrec::test {
namespace {

namespace wire = recovery::wire;

class ChipBusy : public testing::Test {
 protected:
  void SetUp() override {
    metrics_port_ = *FreePort();
    ChipRealm::Options options;
    options.limits = "queue_per_account = 1\n";
    options.sections = absl::StrCat("[metrics]\naddress = \"127.0.0.1:", metrics_port_, "\"\n");
    options.judge = [this](const TpmProxy::Command&) {
      if (hold_.exchange(false)) gate_.hook()().IgnoreError();
      return TpmProxy::Fate::kForward;
    };
    auto made = ChipRealm::Make(std::move(options));
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
    const absl::Status started = realm_->fixture().StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
  }
  void TearDown() override { gate_.Open(); }

  // Another connection of the account, whose calls come back when they are told to.
  ChipRealm::Account Patient(const std::string& name) {
    ChipRealm::Account account;
    account.name = name;
    const absl::Status connected = realm_->Reconnect(account);
    EXPECT_TRUE(connected.ok()) << connected;
    return account;
  }
  int RefusedForWantOfAPlace() const {
    const std::string name = "\nlabyrinth_refused_total{reason=\"account_queue\"} ";
    const std::string text = HttpGet(metrics_port_, "/metrics");
    const size_t at = text.find(name);
    return at == std::string::npos ? 0 : std::stoi(text.substr(at + name.size()));
  }
  static absl::Status GetRecord(const ChipRealm::Account& account) {
    wire::GetRecordRequest request;
    request.record = "default";
    return CallRealm(*account.realms, 0, request).status();
  }
  static absl::StatusOr<wire::BeginChipWriteResponse> BeginWrite(const ChipRealm::Account& account) {
    wire::BeginChipWriteRequest request;
    request.record = "default";
    request.version = 1;
    return CallRealm(*account.realms, 0, request);
  }

  Gate gate_;
  std::atomic<bool> hold_ = false;
  int metrics_port_ = 0;
  std::unique_ptr<ChipRealm> realm_;
};

TEST_F(ChipBusy, WhoFindsNoPlaceHearsWhenToComeBackAndDoes) {
  auto hasty = realm_->NewAccount("alice");  // makes each call once
  ASSERT_TRUE(hasty.ok()) << hasty.status();
  ASSERT_TRUE(realm_->Seal(*hasty, 3).ok());
  const ChipRealm::Account first = Patient("alice"), second = Patient("alice"), patient = Patient("alice");
  hold_ = true;  // the TPM takes its time for the first call
  std::thread with_the_chip([&] { EXPECT_TRUE(GetRecord(first).ok()); });
  gate_.AwaitArrival();
  std::thread in_the_queue([&] { EXPECT_TRUE(GetRecord(second).ok()); });
  EXPECT_TRUE(Eventually([&] { return realm_->Status().value("queue_depth", 0) == 1; }));
  const absl::Status refused = BeginWrite(*hasty).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << refused;
  EXPECT_THAT(std::string(refused.message()), testing::HasSubstr("enough requests waiting"));
  absl::StatusOr<wire::BeginChipWriteResponse> begun;
  std::thread comes_back([&] { begun = BeginWrite(patient); });
  EXPECT_TRUE(Eventually([&] { return RefusedForWantOfAPlace() >= 2; }));
  gate_.Open();
  for (std::thread* each : {&with_the_chip, &in_the_queue, &comes_back}) each->join();
  ASSERT_TRUE(begun.ok()) << begun.status();
  EXPECT_NE(begun->session, 0U);
  EXPECT_EQ(ChipRealm::Try(patient, ChipRealm::kRightPin), "right") << "no guess was spent by it";
}

}  // namespace
}  // namespace labrec::test

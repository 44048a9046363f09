// The daemon killed between any two TPM commands of a registration and of a recovery of a chip-enforced
// record, on a real swtpm: after a start nothing that was acknowledged is lost, no index is left that no
// record names, and nobody has a guess more.
//
// Every LABREC_CRASH_STEP-th command (default 5) is a point of death, so that the test takes a minute or two;
// LABREC_CRASH_STEP=1 takes each.
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "recovery/client/device_key.h"
#include "recovery/client/enroll.h"
#include "recovery/client/recover.h"
#include "recovery/client/seal.h"
#include "tests/support/ek_certificate.h"
#include "tests/support/local_ca.h"
#include "tests/support/realm_fixture.h"
#include "tests/support/tpm_proxy.h"

namespace labrec::test {
namespace {

using namespace recovery::client;  // NOLINT: the test is a client

constexpr uint32_t kLimit = 3;
constexpr char kSecret[] = "a secret that must survive";

SecretBytes Secret(std::string_view text) {
  return SecretBytes::CopyOf(AsBytes(text));
}

int Step() {
  const char* step = std::getenv("LABREC_CRASH_STEP");
  return step == nullptr ? 5 : std::max(1, std::atoi(step));
}

class ChipCrash : public testing::Test {
 protected:
  void SetUp() override {
    RealmFixture::Options options;
    options.transport = RealmFixture::Transport::kLoopbackTls;
    options.more_configuration = "[attestation]\nper_minute = 6000\nper_minute_and_account = 6000\n";
    auto made = RealmFixture::Make(SimulatorKind::kSwtpm, std::move(options));
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
    const absl::Status given = GiveEkCertificate(*realm_->swtpm(), EkKind::kP256);
    ASSERT_TRUE(given.ok()) << given;
    trust_ = LocalCa::Instance().Trust().value();
    trust_.anchors.push_back(LocalCa::Instance().Issuer().value());
    const std::string tcti = realm_->swtpm()->tcti();
    auto proxy = TpmProxy::Start(tcti.substr(tcti.find('=') + 1),
                                 [this](const TpmProxy::Command&) { return Judge(); });
    ASSERT_TRUE(proxy.ok()) << proxy.status();
    proxy_ = *std::move(proxy);
    realm_->SetDeviceUri("tpm2:" + proxy_->tcti());
    Start();
  }

  void Start() {
    left_ = -1;
    const absl::Status started = realm_->StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
  }
  // The daemon dies when `commands` more have gone by.
  void DieAfter(int commands) {
    died_ = false;
    left_ = commands;
  }
  TpmProxy::Fate Judge() {
    const int left = left_;
    if (left < 0 || left_-- > 0) return TpmProxy::Fate::kForward;
    died_ = true;
    kill(realm_->DaemonPid(), SIGKILL);
    return TpmProxy::Fate::kLoseCommand;
  }
  // Whether it died; then it is started again.
  bool RiseIfDead() {
    left_ = -1;
    if (!died_) return false;
    EXPECT_TRUE(realm_->daemon().Wait(std::chrono::seconds(20)).ok());
    Start();
    return true;
  }

  // An account of its own, with its device enrolled.
  struct Account {
    std::unique_ptr<RealmSet> realms;
    DeviceKey device = DeviceKey::Make();
  };
  Account NewAccount(const std::string& name) {
    ClientOptions options;
    options.channel.attempts = 1;
    Account account{std::make_unique<RealmSet>("chat", name, options)};
    RealmAddress address;
    address.id = FromHex(realm_->realm_id()).value();
    address.name = "oslo";
    address.address = realm_->address();
    address.ca_pem = ToString(ReadFile(realm_->ca_certificate(), 1U << 16).value());
    EXPECT_TRUE(account.realms->Add(std::move(address), realm_->Token(name)).ok());
    for (const RealmReport& report : EnrollDevice(*account.realms, account.device, "phone", nullptr)) {
      EXPECT_EQ(report.condition, RealmCondition::kGood) << report.error;
    }
    return account;
  }
  // Connections of a client that starts anew.
  void Reconnect(Account& account, const std::string& name) {
    DeviceKey device = std::move(account.device);
    ClientOptions options;
    options.channel.attempts = 4;
    account.realms = std::make_unique<RealmSet>("chat", name, options);
    RealmAddress address;
    address.id = FromHex(realm_->realm_id()).value();
    address.name = "oslo";
    address.address = realm_->address();
    address.ca_pem = ToString(ReadFile(realm_->ca_certificate(), 1U << 16).value());
    EXPECT_TRUE(account.realms->Add(std::move(address), realm_->Token(name)).ok());
    account.device = std::move(device);
  }
  absl::StatusOr<Sealed> SealIt(const Account& account) {
    SealRequest request;
    request.record = "default";
    request.guess_limit = kLimit;
    request.argon.memory_kib = 64;
    request.enforcement = Enforcement::kChip;
    request.trust.roots = trust_;
    return Seal(*account.realms, request, Secret(kSecret), Secret("1234"), account.device);
  }
  // "right", "wrong", "gone", or the error.
  std::string Try(const Account& account, std::string_view pin) {
    const auto outcome = Recover(*account.realms, {"default", 1}, Secret(pin));
    if (!outcome.ok()) return std::string(outcome.status().message());
    if (const auto* recovered = std::get_if<Recovered>(&*outcome)) {
      return ToString(recovered->secret.view()) == kSecret ? "right" : "another secret";
    }
    return std::holds_alternative<WrongPin>(*outcome) ? "wrong" : "gone";
  }
  int UsedInTheChip() {
    const auto status = realm_->Admin({"status"});
    if (!status.ok()) return -1;
    return nlohmann::json::parse(*status)["chip"]["used"].get<int>();
  }
  void ExpectUsed(int wanted) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (UsedInTheChip() != wanted && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_EQ(UsedInTheChip(), wanted) << "indices are left behind, or one is missing";
  }

  std::unique_ptr<RealmFixture> realm_;
  std::unique_ptr<TpmProxy> proxy_;
  attestation::EkTrust trust_;
  std::atomic<int> left_ = -1;
  std::atomic<bool> died_ = false;
};

TEST_F(ChipCrash, InARegistration) {
  int records = 0;
  bool died = true;
  for (int point = 0; died; point += Step()) {
    SCOPED_TRACE("killed before TPM command " + std::to_string(point));
    const std::string name = "seal" + std::to_string(point);
    Account account = NewAccount(name);
    DieAfter(point);
    const absl::StatusOr<Sealed> sealed = SealIt(account);
    died = RiseIfDead();
    Reconnect(account, name);
    if (!sealed.ok()) {
      ASSERT_TRUE(died) << sealed.status();
      const absl::StatusOr<Sealed> again = SealIt(account);
      ASSERT_TRUE(again.ok()) << again.status();
    }
    ++records;
    EXPECT_EQ(Try(account, "1234"), "right");
    ExpectUsed(records);
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(records, 20 / Step());
}

TEST_F(ChipCrash, InAWrongGuess) {
  int point = 0;
  for (bool died = true; died; point += Step()) {
    SCOPED_TRACE("killed before TPM command " + std::to_string(point));
    const std::string name = "guess" + std::to_string(point);
    Account account = NewAccount(name);
    ASSERT_TRUE(SealIt(account).ok());
    DieAfter(point);
    int answered = Try(account, "0000") == "wrong" ? 1 : 0;
    died = RiseIfDead();
    Reconnect(account, name);
    int more = 0;
    while (more <= static_cast<int>(kLimit) && Try(account, "000" + std::to_string(more)) == "wrong") ++more;
    EXPECT_LE(answered + more, static_cast<int>(kLimit)) << "a guess was gained";
    EXPECT_GE(more, static_cast<int>(kLimit) - 1) << "more than the one guess was lost";
    EXPECT_EQ(Try(account, "1234"), "gone");
    ExpectUsed(0);
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(point, Step());
}

TEST_F(ChipCrash, InARecovery) {
  const std::string name = "alice";
  Account account = NewAccount(name);
  ASSERT_TRUE(SealIt(account).ok());
  int point = 0;
  for (bool died = true; died; point += Step()) {
    SCOPED_TRACE("killed before TPM command " + std::to_string(point));
    DieAfter(point);
    const std::string first = Try(account, "1234");
    died = RiseIfDead();
    if (!died) {
      EXPECT_EQ(first, "right");
    }
    Reconnect(account, name);
    EXPECT_EQ(Try(account, "1234"), "right");  // and refills the chip
    EXPECT_EQ(Try(account, "0000"), "wrong");
    EXPECT_EQ(Try(account, "1234"), "right");
    ExpectUsed(1);
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(point, Step());
  for (uint32_t i = 0; i < kLimit; ++i) EXPECT_EQ(Try(account, "000" + std::to_string(i)), "wrong");
  EXPECT_EQ(Try(account, "1234"), "gone");
}

}  // namespace
}  // namespace labrec::test

#include <atomic>
#include <condition_variable>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/client/report/too_few_realms.h"
#include "tests/integration/client/world.h"

namespace labrec::recovery::client {
namespace {

using google::protobuf::Message;
using testing::Each;
using testing::HasSubstr;

grpc::Status Away() {
  return {grpc::StatusCode::UNAVAILABLE, "away"};
}

// Another point of the curve.
std::string OtherPoint() {
  return ToString(P256Point::Generator().Times(P256Scalar::Random()).Compressed());
}

// Holds calls back until a test lets them go.
class Gate {
 public:
  void Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

// Realms that lie, lose answers or take their time.
class ClientFaults : public ClientWorld {
 protected:
  void SetUp() override { ASSERT_TRUE(SealAs(alice(), kRight, kSecret).ok()); }

  // This realm changes its answers of type T.
  template <typename T, typename Change>
  void Lie(size_t realm, Change change) {
    proxy(realm).OnAnswer([change](const std::string&, Message& response) {
      if (auto* answer = dynamic_cast<T*>(&response)) change(*answer);
      return grpc::Status::OK;
    });
  }
  void EvaluateWrongly(size_t realm) {
    Lie<v1::EvaluateResponse>(realm, [](v1::EvaluateResponse& answer) {
      if (answer.has_evaluated()) answer.mutable_evaluated()->set_evaluated(0, OtherPoint());
    });
  }
  // The realm acts on the first call of this name, but its answer is lost.
  void LoseFirstAnswer(size_t realm, const std::string& wanted) {
    auto lost = std::make_shared<bool>(false);
    proxy(realm).OnAnswer([lost, wanted](const std::string& rpc, Message&) {
      if (rpc != wanted || std::exchange(*lost, true)) return grpc::Status(grpc::Status::OK);
      return Away();
    });
  }
  // The reports of a recovery that must succeed.
  std::vector<RealmReport> ReportsOfRecovery() {
    const auto outcome = RecoverAs(alice(), kRight);
    EXPECT_EQ(Describe(outcome), std::string("secret: ") + kSecret);
    if (!outcome.ok()) return {};
    const auto* recovered = std::get_if<client::Recovered>(&*outcome);
    return recovered == nullptr ? std::vector<RealmReport>() : recovered->reports;
  }
};

TEST_F(ClientFaults, EachRealmThatEvaluatesWronglyIsNamed) {
  for (size_t liar = 0; liar < kRealms; ++liar) {
    EvaluateWrongly(liar);
    const auto reports = ReportsOfRecovery();
    ASSERT_EQ(reports.size(), kRealms);
    for (size_t i = 0; i < kRealms; ++i) {
      EXPECT_EQ(reports[i].condition == RealmCondition::kFaulty, i == liar) << Conditions(reports);
    }
    EXPECT_THAT(std::string(reports[liar].error.message()), HasSubstr("evaluated wrongly"));
    proxy(liar).Behave();
  }
  EXPECT_THAT(Remaining(), Each(10U));
}

TEST_F(ClientFaults, TwoLiarsOfThreePassForAWrongPinAndGiveNothing) {
  EvaluateWrongly(0);
  EvaluateWrongly(1);
  EXPECT_EQ(Recovered(kRight), "wrong PIN");
}

TEST_F(ClientFaults, GarbageInPlaceOfAPointIsFaulty) {
  Lie<v1::EvaluateResponse>(1, [](v1::EvaluateResponse& answer) {
    answer.mutable_evaluated()->set_evaluated(0, std::string(33, '\0'));
  });
  EXPECT_EQ(Conditions(ReportsOfRecovery()), "good faulty good");
  Lie<v1::EvaluateResponse>(1, [](v1::EvaluateResponse& answer) { answer.Clear(); });
  EXPECT_EQ(Conditions(ReportsOfRecovery()), "good faulty good");
  Lie<v1::EvaluateResponse>(
      1, [](v1::EvaluateResponse& answer) { answer.mutable_evaluated()->add_evaluated(OtherPoint()); });
  EXPECT_EQ(Conditions(ReportsOfRecovery()), "good faulty good");
}

TEST_F(ClientFaults, AnotherConfigIsFaultyAndNotUsed) {
  Lie<v1::GetRecordResponse>(2, [](v1::GetRecordResponse& answer) {
    v1::RecordConfig config;
    ASSERT_TRUE(config.ParseFromString(answer.versions(0).config()));
    config.set_argon_passes(1);
    answer.mutable_versions(0)->set_config(config.SerializeAsString());
  });
  const auto reports = ReportsOfRecovery();
  EXPECT_EQ(Conditions(reports), "good good faulty");
  EXPECT_EQ(proxy(2).calls("Evaluate"), 0);
}

TEST_F(ClientFaults, AnInventedNewerVersionWithThresholdOneIsNotUsed) {
  Lie<v1::GetRecordResponse>(2, [](v1::GetRecordResponse& answer) {
    v1::RecordVersion* newer = answer.add_versions();
    *newer = answer.versions(0);
    v1::RecordConfig config;
    ASSERT_TRUE(config.ParseFromString(newer->config()));
    config.set_version(7);
    config.set_threshold(1);
    newer->set_version(7);
    newer->set_config(config.SerializeAsString());
  });
  const auto outcome = RecoverAs(alice(), kRight);
  ASSERT_EQ(Describe(outcome), std::string("secret: ") + kSecret);
  EXPECT_EQ(std::get<client::Recovered>(*outcome).group.version(), 1U);
}

TEST_F(ClientFaults, ALostEvaluationIsAskedForAgainAndCountedOnce) {
  LoseFirstAnswer(1, "Evaluate");
  EXPECT_EQ(Recovered(kWrong), "wrong PIN");
  EXPECT_EQ(proxy(1).calls("Evaluate"), 2);
  EXPECT_THAT(Remaining(), Each(9U));
}

// As above, but the answer does not fail: it never comes.
TEST_F(ClientFaults, AnEvaluationThatHangsIsAskedForAgainAndCountedOnce) {
  Gate gate;
  auto held = std::make_shared<std::atomic<bool>>(false);
  proxy(1).OnAnswer([&gate, held](const std::string& rpc, Message&) {
    if (rpc == "Evaluate" && !held->exchange(true)) gate.Wait();
    return grpc::Status(grpc::Status::OK);
  });
  ClientOptions options;
  options.channel.timeout = std::chrono::seconds(2);
  EXPECT_EQ(Describe(RecoverAs(*NewClient(options), kWrong)), "wrong PIN");
  gate.Open();
  EXPECT_EQ(proxy(1).calls("Evaluate"), 2);
  EXPECT_THAT(Remaining(), Each(9U));
}

TEST_F(ClientFaults, ALostUnlockIsAskedForAgain) {
  for (size_t i = 0; i < kRealms; ++i) LoseFirstAnswer(i, "Unlock");
  EXPECT_EQ(Conditions(ReportsOfRecovery()), "good good good");
  EXPECT_EQ(proxy(0).calls("BeginUnlock"), 1);
  EXPECT_THAT(Remaining(), Each(10U));
}

TEST_F(ClientFaults, AnotherSealedSecretIsFaulty) {
  Lie<v1::UnlockResponse>(0, [](v1::UnlockResponse& answer) {
    std::string* sealed = answer.mutable_unlocked()->mutable_sealed_secret();
    sealed->back() = static_cast<char>(sealed->back() ^ 1);
  });
  EXPECT_EQ(Conditions(ReportsOfRecovery()), "faulty good good");
}

// A realm that never answers Evaluate delays nobody for longer than the grace time, and certainly not until
// the timeout of its call.
TEST_F(ClientFaults, ASlowRealmDoesNotDelayTheOthers) {
  Gate gate;
  proxy(1).OnRequest([&](const std::string& rpc, const Message&) {
    if (rpc != "Evaluate") return grpc::Status(grpc::Status::OK);
    gate.Wait();
    return Away();
  });
  ClientOptions options;
  options.channel.timeout = std::chrono::minutes(5);
  const auto client = NewClient(options);
  const auto start = std::chrono::steady_clock::now();
  const auto outcome = RecoverAs(*client, kRight);
  const auto took = std::chrono::steady_clock::now() - start;
  gate.Open();
  EXPECT_EQ(Describe(outcome), std::string("secret: ") + kSecret);
  EXPECT_LT(took, std::chrono::minutes(1));
}

TEST_F(ClientFaults, ARealmThatGoesAwayInTheMiddleIsLeftOut) {
  proxy(2).OnRequest([](const std::string& rpc, const Message&) {
    return rpc == "Evaluate" ? Away() : grpc::Status(grpc::Status::OK);
  });
  EXPECT_EQ(Recovered(kWrong), "wrong PIN");
  proxy(1).OnRequest([](const std::string& rpc, const Message&) {
    return rpc == "Evaluate" ? Away() : grpc::Status(grpc::Status::OK);
  });
  EXPECT_TRUE(IsTooFewRealms(RecoverAs(alice(), kRight).status()));
}

TEST_F(ClientFaults, ARealmThatEvaluatesOneWayAndAnotherIsNotSealedTo) {
  Lie<v1::BeginRegistrationResponse>(
      1, [](v1::BeginRegistrationResponse& answer) { answer.set_evaluated(1, OtherPoint()); });
  const auto strict = SealAs(alice(), kRight, "new secret");
  EXPECT_TRUE(absl::IsDataLoss(strict.status())) << strict.status();
  EXPECT_THAT(std::string(strict.status().message()), HasSubstr("realm porto"));
  EXPECT_EQ(Recovered(kRight), std::string("secret: ") + kSecret);

  const auto without = SealAs(alice(), kRight, "new secret", 10, Holders::kThreshold);
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_EQ(Conditions(without->reports), "good faulty good");
  EXPECT_EQ(Recovered(kRight), "secret: new secret");
}

TEST_F(ClientFaults, ADeviceThatIsGoneIsAnUnreachableRealm) {
  realm(0).realm().simulator().Break();
  EXPECT_EQ(Recovered(kRight), std::string("secret: ") + kSecret);
  ASSERT_TRUE(realm(0).realm().simulator().Repair().ok());
}

}  // namespace
}  // namespace labrec::recovery::client

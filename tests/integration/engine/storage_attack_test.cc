#include <functional>
#include <limits>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/integration/engine/client.h"

// An attacker who owns storage between runs, ends the service at moments of his choice, and has a token.
// Engine, ledger, anchor and device are the real ones. docs/ledger.md, "Answers without a batch".
namespace labrec::recovery {
namespace {

constexpr int kUnbounded = std::numeric_limits<int>::max();

class StorageAttack : public testing::TestWithParam<test::SimulatorKind> {
 protected:
  using Image = EngineRealm::Image;

  // One round. `ask` asks for something that changes a row and says whether it was acknowledged.
  //   1. It is asked for, and the run is ended once its batch is written: `with`.
  //   2. A run on the state before: its first empty batch takes the epoch of that batch. Then it is ended.
  //   3. One more run on what 2 left, ended once its first empty batch is written: `hidden_`.
  //   4. `with` is shown again, and the same is asked for again. It is in the row already.
  // True if it was acknowledged in 4; then the attacker may show `hidden_`.
  bool PlayRound(const std::function<bool()>& ask) {
    realm.PutStorage(without_);
    EXPECT_TRUE(realm.TryStart(kUnbounded).ok());
    const Image before = realm.Storage();
    realm.AllowCommits(0);
    EXPECT_FALSE(ask());
    const Image with = realm.Kill();

    realm.PutStorage(before);
    realm.TryStart(1).IgnoreError();
    realm.PutStorage(realm.Kill());
    realm.TryStart(0).IgnoreError();
    hidden_ = realm.Kill();

    realm.PutStorage(with);
    const bool acknowledged = realm.TryStart(kUnbounded).ok() && ask();
    served_ = realm.Kill();
    return acknowledged;
  }

  // Whether the device takes the state for fresh; then it is served now.
  bool Show(const Image& image) {
    realm.PutStorage(image);
    if (realm.TryStart(kUnbounded).ok()) return true;
    realm.Kill();
    return false;
  }

  // Plays a round with a change, then shows what does not have it.
  void TryToUndo(const std::function<bool()>& ask, const std::function<bool()>& is_there) {
    without_ = realm.Kill();
    ASSERT_NE(PlayRound(ask), IsToken()) << "a key ratchet refuses the state of step 4";
    if (IsToken()) return;
    if (Show(hidden_)) {
      EXPECT_TRUE(is_there()) << "it was acknowledged, and is gone";
      return;
    }
    ASSERT_TRUE(Show(served_));
    EXPECT_TRUE(is_there());
  }

  bool IsToken() const { return GetParam() == test::SimulatorKind::kSoftHsm; }

  EngineRealm realm{GetParam()};
  EngineClient client{realm};
  Image without_, hidden_, served_;
};
INSTANTIATE_TEST_SUITE_P(Device, StorageAttack,
                         testing::Values(test::SimulatorKind::kSwtpm, test::SimulatorKind::kSoftHsm),
                         testing::PrintToStringParamName());

TEST_P(StorageAttack, FiftyRoundsYieldOneElementAtLimitOne) {
  ASSERT_TRUE(client.SetUp(1).ok());
  without_ = realm.Kill();
  std::set<uint32_t> answered;
  for (uint32_t element = 1; element <= 50; ++element) {
    if (PlayRound([&] { return RemainingOf(client.Guess(element)) >= 0; })) answered.insert(element);
    without_ = Show(hidden_) ? realm.Kill() : served_;
  }
  EXPECT_LE(answered.size(), 1U) << "at limit 1, without a success";
  EXPECT_EQ(answered.empty(), IsToken()) << "a key ratchet refuses the state of step 4";
}

TEST_P(StorageAttack, AnAcknowledgedFloorStays) {
  ASSERT_TRUE(client.SetUp().ok());
  TryToUndo([&] { return client.RaiseFloor(7, 1).ok(); },
            [&] {
              const auto floor = client.GetFloor();
              return floor.ok() && floor->has_value() && (*floor)->sequence == 7;
            });
}

// What was read may be acted upon as well.
TEST_P(StorageAttack, AFloorThatWasReadStays) {
  ASSERT_TRUE(client.SetUp().ok());
  const auto is_there = [&] {
    const auto floor = client.GetFloor();
    return floor.ok() && floor->has_value();
  };
  bool asked = false;
  TryToUndo(
      [&] {
        if (asked) return is_there();
        asked = true;
        return client.RaiseFloor(7, 1).ok();
      },
      is_there);
}

TEST_P(StorageAttack, AnAcknowledgedRevocationStays) {
  ASSERT_TRUE(client.SetUp().ok());
  EngineClient second(realm);
  const DeviceId lost = second.device.public_key().DeviceId();
  ASSERT_TRUE(client.EnrollAnother(second.device).ok());
  const auto is_there = [&] {
    const auto devices =
        Await<Account>([&](auto done) { realm.engine().devices().ListDevices(client.caller, done); });
    return devices.ok() && devices->devices.size() == 1;
  };
  TryToUndo(
      [&] {
        const absl::Status revoked = client.Revoke(lost).status();
        return revoked.ok() || absl::IsNotFound(revoked);
      },
      is_there);
}

TEST_P(StorageAttack, AnAcknowledgedActivationStays) {
  ASSERT_TRUE(client.SetUp().ok());
  ASSERT_TRUE(client.Register(2).ok());
  TryToUndo([&] { return client.Activate(2).ok(); },
            [&] {
              const auto view = client.View();
              return view.ok() && view->record.versions.size() == 1 && view->record.versions[0].number == 2;
            });
}

// Another run has claimed the anchor, as a service on a copy of the storage does, and has perhaps changed or
// deleted what this one still holds. Nothing of it is told any more, though none of it needs a batch.
class SupersededService : public testing::TestWithParam<const char*> {
 protected:
  std::map<std::string, std::function<absl::Status()>> questions = {
      {"Repeat", [this] { return client.Guess(1).status(); }},
      {"Unlock",
       [this] {
         const auto challenge = client.BeginUnlock();
         return challenge.ok() ? client.Unlock(*challenge).status() : challenge.status();
       }},
      {"UnlockOfDestroyed", [this] { return UnlockNothing(destroyed); }},
      {"UnlockOfNone", [this] { return UnlockNothing(none); }},
      {"RaiseFloor", [this] { return client.RaiseFloor(7, 1).status(); }},
      {"GetFloor", [this] { return client.GetFloor().status(); }},
      {"GetRecord", [this] { return client.View().status(); }},
      {"ListDevices",
       [this] {
         return Await<Account>([&](auto done) { realm.engine().devices().ListDevices(client.caller, done); })
             .status();
       }},
      {"Activate", [this] { return client.Activate(1).status(); }},
  };
  static absl::Status UnlockNothing(EngineClient& who) {
    const auto challenge = who.BeginUnlock();
    if (!challenge.ok()) return challenge.status();
    const auto answer = who.Unlock(*challenge);
    EXPECT_FALSE(answer.ok() && std::holds_alternative<Unlocked>(*answer));
    return answer.status();
  }

  EngineRealm realm{test::SimulatorKind::kSwtpm};
  EngineClient client{realm};
  EngineClient destroyed{realm, "destroyed"};  // its record is
  EngineClient none{realm, "none"};            // has no record
};
INSTANTIATE_TEST_SUITE_P(Question, SupersededService,
                         testing::Values("Repeat", "Unlock", "UnlockOfDestroyed", "UnlockOfNone",
                                         "RaiseFloor", "GetFloor", "GetRecord", "ListDevices", "Activate"),
                         [](const auto& question) { return std::string(question.param); });

TEST_P(SupersededService, AnswersNothingMore) {
  ASSERT_TRUE(client.SetUp().ok());
  ASSERT_TRUE(client.RaiseFloor(7, 1).ok());
  ASSERT_EQ(RemainingOf(client.Guess(1)), 9);
  ASSERT_TRUE(destroyed.SetUp(1).ok());
  ASSERT_EQ(RemainingOf(destroyed.Guess(1)), 0);
  ASSERT_TRUE(IsDestroyed(destroyed.Guess(2)));
  const auto& ask = questions.at(GetParam());
  ASSERT_TRUE(ask().ok()) << ask();
  const auto other = realm.simulator().Open();
  ASSERT_TRUE(other.ok() && (*other)->freshness_anchor()->Claim().ok());
  const absl::Status asked = ask();
  EXPECT_TRUE(absl::IsUnavailable(asked)) << asked;
  EXPECT_TRUE(Eventually([&] { return realm.fatal_calls() == 1; }));
}

}  // namespace
}  // namespace labrec::recovery

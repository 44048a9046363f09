// Whole operations without a network: what they come to, and that nothing of them is left or used again when
// they are ended at any step. What this finds it finds under AddressSanitizer.

#include <deque>
#include <memory>
#include <random>

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"

#include "hsm/base/encoding.h"
#include "recovery/client/base/device_key.h"
#include "recovery/client/core/running.h"
#include "recovery/client/operations/change_pin.h"
#include "recovery/client/operations/recover.h"
#include "recovery/client/operations/seal.h"
#include "recovery/client/operations/status.h"
#include "tests/support/realm/memory_realm.h"

namespace labrec::recovery::client::core {
namespace {

constexpr size_t kRealms = 3;

SecretBytes Secret(std::string_view text) {
  return SecretBytes::CopyOf(AsBytes(text));
}
Bytes IdOf(size_t realm) {
  return Bytes(16, static_cast<uint8_t>(realm + 1));
}
std::string TokenFor(const Bytes& id) {
  const std::string claims = R"({"iss":"chat","sub":"alice","aud":")" + Hex(id) + "\"}";
  return absl::StrCat(absl::WebSafeBase64Escape("{}"), ".", absl::WebSafeBase64Escape(claims), ".",
                      absl::WebSafeBase64Escape("signature"));
}

// Three realms and the host before them; lets answers come in an order that the seed decides, and some not at
// all.
class World : public Host {
 public:
  explicit World(uint32_t seed) : random_(seed) {
    for (size_t i = 0; i < kRealms; ++i) realms_.push_back(std::make_unique<MemoryRealm>(IdOf(i)));
  }
  void Random(std::span<uint8_t> to) override {
    for (uint8_t& byte : to) byte = static_cast<uint8_t>(random_());
  }
  int64_t UnixMillis() override { return 1'800'000'000'000; }

  std::unique_ptr<Account> NewAccount() {
    auto account = std::make_unique<Account>(*this, "chat", "alice", Limits());
    for (size_t i = 0; i < kRealms; ++i) {
      Realm realm;
      realm.id = IdOf(i);
      realm.name = "r" + std::to_string(i);
      account->Add(std::move(realm));
    }
    return account;
  }
  // How many turns it took; `most` if it has not ended by then.
  template <typename T>
  int Drive(Running<T>& running, int most) {
    open_.clear();
    for (int turn = 0; turn < most; ++turn) {
      Step step = running.Next(now_ms_);
      if (std::holds_alternative<DoneStep>(step.what)) return turn;
      if (const auto* pause = std::get_if<PauseStep>(&step.what)) {
        if (open_.empty()) {
          now_ms_ = pause->until_ms.value_or(now_ms_);
          continue;
        }
        const auto at = open_.begin() + static_cast<ptrdiff_t>(random_() % open_.size());
        const auto [id, reply] = *at;
        open_.erase(at);
        running.Answer(id, reply);
      } else {
        Take(step);
      }
    }
    return most;
  }
  MemoryRealm& realm(size_t i) { return *realms_[i]; }
  std::string log;
  size_t silent = kRealms;  // this realm does not answer

 private:
  void Take(const Step& step) {
    if (std::holds_alternative<CancelStep>(step.what)) {
      std::erase_if(open_, [&](const auto& at) { return at.first == step.id; });
    } else if (const auto* token = std::get_if<TokenStep>(&step.what)) {
      Reply reply;
      reply.body = ToBytes(TokenFor(IdOf(token->realm)));
      open_.emplace_back(step.id, reply);
    } else if (const auto* work = std::get_if<WorkStep>(&step.what)) {
      work->job->Run();
      open_.emplace_back(step.id, Reply());
    } else if (const auto* call = std::get_if<CallStep>(&step.what)) {
      log += absl::StrCat(call->realm, std::string(call->method), " ");
      if (call->realm != silent) open_.emplace_back(step.id, realms_[call->realm]->Answer(*call));
    }
  }

  std::minstd_rand random_;
  int64_t now_ms_ = 0;
  std::vector<std::unique_ptr<MemoryRealm>> realms_;
  std::deque<std::pair<StepId, Reply>> open_;
};

SealRequest NewSeal() {
  SealRequest request;
  request.record = "main";
  request.guess_limit = 5;
  request.argon.memory_kib = 64;
  request.argon.passes = 1;
  return request;
}
RecoverRequest NewRecover() {
  RecoverRequest request;
  request.record = "main";
  return request;
}

// What the operations borrow.
struct Person {
  SecretBytes secret = Secret("a storage key");
  SecretBytes pin = Secret("493817");
  SecretBytes wrong = Secret("000000");
  DeviceKey phone = DeviceKey::Make();
  KeyAtHand key{phone};
  SealRequest request = NewSeal();
  RecoverRequest recover = NewRecover();
};

constexpr int kMost = 100'000;

absl::StatusOr<Sealed> SealAt(World& world, const Person& person) {
  const auto account = world.NewAccount();
  Running<Sealed> running([&](Scope& scope) {
    return Seal(scope, *account, person.request, person.secret, person.pin, person.key);
  });
  EXPECT_LT(world.Drive(running, kMost), kMost);
  return running.Take();
}
absl::StatusOr<RecoverOutcome> RecoverAt(World& world, const Person& person, const SecretBytes& pin) {
  const auto account = world.NewAccount();
  Running<RecoverOutcome> running(
      [&](Scope& scope) { return Recover(scope, *account, person.recover, pin); });
  EXPECT_LT(world.Drive(running, kMost), kMost);
  return running.Take();
}

TEST(Operations, WhatIsSealedIsRecovered) {
  World world(1);
  const Person person;
  const auto sealed = SealAt(world, person);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(sealed->version, 1U);
  EXPECT_TRUE(sealed->complete);
  const auto outcome = RecoverAt(world, person, person.pin);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const auto* recovered = std::get_if<Recovered>(&*outcome);
  ASSERT_NE(recovered, nullptr);
  EXPECT_TRUE(recovered->secret.Equals(person.secret.view()));
}

TEST(Operations, AWrongPinCostsOneGuessAndIsSaid) {
  World world(2);
  const Person person;
  ASSERT_TRUE(SealAt(world, person).ok());
  const auto outcome = RecoverAt(world, person, person.wrong);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  ASSERT_TRUE(std::holds_alternative<WrongPin>(*outcome));
  EXPECT_EQ(std::get<WrongPin>(*outcome).tries_left, 4U);
  for (size_t i = 0; i < kRealms; ++i) EXPECT_EQ(world.realm(i).guesses(), 1);
}

absl::StatusOr<PinChange> ChangeAt(World& world, const Person& person) {
  const auto account = world.NewAccount();
  Running<PinChange> running([&](Scope& scope) {
    return ChangePin(scope, *account, person.recover, Holders::kEveryRealm, person.pin, person.wrong,
                     &person.key);
  });
  EXPECT_LT(world.Drive(running, kMost), kMost);
  return running.Take();
}

TEST(Operations, AChangeOfPinKeepsSecretThresholdLimitAndCosts) {
  World world(4);
  Person person;
  person.request.argon = {2048, 2, 2};
  ASSERT_TRUE(SealAt(world, person).ok());
  const auto changed = ChangeAt(world, person);
  ASSERT_TRUE(changed.ok()) << changed.status();
  ASSERT_TRUE(std::holds_alternative<Sealed>(*changed));
  const auto outcome = RecoverAt(world, person, person.wrong);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const auto* recovered = std::get_if<Recovered>(&*outcome);
  ASSERT_NE(recovered, nullptr);
  EXPECT_TRUE(recovered->secret.Equals(person.secret.view()));
  EXPECT_EQ(recovered->group.version(), 2U);
  EXPECT_EQ(recovered->group.threshold(), 2U);
  EXPECT_EQ(recovered->group.config.guess_limit, 5U);
  EXPECT_EQ(recovered->group.config.argon.memory_kib, 2048U);
  EXPECT_EQ(recovered->group.config.argon.passes, 2U);
  EXPECT_EQ(recovered->group.config.argon.lanes, 2U);
}

TEST(Operations, ASilentRealmIsLateAndNotWaitedFor) {
  World world(3);
  const Person person;
  ASSERT_TRUE(SealAt(world, person).ok());
  world.silent = 1;
  const auto outcome = RecoverAt(world, person, person.pin);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const auto* recovered = std::get_if<Recovered>(&*outcome);
  ASSERT_NE(recovered, nullptr);
  EXPECT_EQ(recovered->reports[1].condition, RealmCondition::kLate);
}

TEST(Operations, TheSameAnswersAreTheSameOperation) {
  for (uint32_t seed = 10; seed < 14; ++seed) {
    std::string logs[2];
    for (std::string& log : logs) {
      World world(seed);
      const Person person;
      ASSERT_TRUE(SealAt(world, person).ok());
      ASSERT_TRUE(RecoverAt(world, person, person.wrong).ok());
      ASSERT_TRUE(RecoverAt(world, person, person.pin).ok());
      log = world.log;
    }
    EXPECT_EQ(logs[0], logs[1]);
  }
}

// Ends the operation that `start` makes at each of its steps: destroyed, or cancelled and driven on.
template <typename T, typename Make>
void EndAtEveryStep(const Make& make, bool sealed_before) {
  for (const bool destroy : {true, false}) {
    for (int turns = 0;; ++turns) {
      World world(static_cast<uint32_t>(turns) + 1);
      const Person person;
      if (sealed_before) {
        ASSERT_TRUE(SealAt(world, person).ok());
      }
      const bool silent = turns % 3 == 0;
      if (silent) world.silent = 2;
      const auto account = world.NewAccount();
      Running<T> running([&](Scope& scope) { return make(scope, *account, person); });
      if (world.Drive(running, turns) < turns) {
        if (silent) continue;  // the others may take longer
        break;
      }
      if (destroy) continue;
      running.Cancel();
      EXPECT_LT(world.Drive(running, kMost), 100) << "it ends without asking anybody";
      EXPECT_TRUE(running.done());
    }
  }
}

TEST(Operations, SealMayEndAtAnyStep) {
  EndAtEveryStep<Sealed>(
      [](Scope& scope, Account& account, const Person& person) {
        return Seal(scope, account, person.request, person.secret, person.pin, person.key);
      },
      false);
}

TEST(Operations, SealingAgainMayEndAtAnyStep) {
  EndAtEveryStep<Sealed>(
      [](Scope& scope, Account& account, const Person& person) {
        return Seal(scope, account, person.request, person.secret, person.wrong, person.key);
      },
      true);
}

TEST(Operations, AChangeOfPinMayEndAtAnyStep) {
  EndAtEveryStep<PinChange>(
      [](Scope& scope, Account& account, const Person& person) {
        return ChangePin(scope, account, person.recover, Holders::kThreshold, person.pin, person.wrong,
                         &person.key);
      },
      true);
}

TEST(Operations, RecoverMayEndAtAnyStep) {
  EndAtEveryStep<RecoverOutcome>(
      [](Scope& scope, Account& account, const Person& person) {
        return Recover(scope, account, person.recover, person.pin);
      },
      true);
}

TEST(Operations, StatusMayEndAtAnyStep) {
  EndAtEveryStep<RecordStatus>(
      [](Scope& scope, Account& account, const Person&) {
        Least least;
        least.realms = 2;
        return GetStatus(scope, account, "main", least);
      },
      true);
}

}  // namespace
}  // namespace labrec::recovery::client::core

#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "recovery/record/codec/codec.h"
#include "recovery/record/rules/deletion.h"
#include "recovery/record/rules/floor.h"
#include "tests/unit/recovery/record/record_builder.h"

// Random sequences of requests, by the owner and by people who hold less, against the one property that
// matters: between two successes with a version it is not guessed at more often than its limit says. All
// sequences, of fewer kinds of requests, are gone through in tests/explorer.
namespace labrec::recovery {
namespace {

// What an attacker learnt about the versions, kept without looking at the record's own counters. A version
// is known by its nonce: that is what its key depends on.
class Model {
 public:
  void Evaluated(const Nonce& nonce, uint32_t element) { learnt_[nonce].insert(element); }
  void Success(const Nonce& nonce) { learnt_.erase(nonce); }
  // Different evaluations of the version since its last success.
  size_t Under(const Nonce& nonce) const {
    const auto found = learnt_.find(nonce);
    return found == learnt_.end() ? 0 : found->second.size();
  }

 private:
  std::map<Nonce, std::set<uint32_t>> learnt_;
};

class Play {
 public:
  explicit Play(uint32_t seed) : random_(seed) {
    known_.record.reset();
    known_.account = AccountOf(known_.device);
  }

  void Step() {
    const std::optional<Record> record_before = known_.record;
    const std::optional<Account> account_before = known_.account;
    const absl::Status status = Request();
    if (!status.ok()) {
      EXPECT_EQ(known_.record, record_before) << status;
      EXPECT_EQ(known_.account, account_before) << status;
    }
    if (known_.record) {
      EXPECT_EQ(*DecodeRecord(EncodeRecord(*known_.record)), *known_.record);
    }
  }
  bool destroyed_once() const { return destroyed_once_; }
  bool unlocked_once() const { return unlocked_once_; }

 private:
  uint32_t Pick(uint32_t n) { return std::uniform_int_distribution<uint32_t>(0, n - 1)(random_); }
  uint32_t PickVersion() { return (known_.record ? known_.record->highest_version : 0) + Pick(3); }

  Authority PickAuthority() {
    switch (Pick(5)) {
      case 0:
        return ByTokenHolder{};
      case 1:
        return AsDevice(stranger_);
      case 2:
        return AsUnlockKey(known_.unlock, PickVersion());
      case 3:
        return AsUnlockKey(stranger_, PickVersion());
      default:
        return AsDevice(known_.device);
    }
  }

  absl::Status Request() {
    switch (Pick(12)) {
      case 0:
      case 1:
        return Finish();
      case 2:
        return Activate();
      case 3:
        return TryUnlock();
      case 4:
        return Pick(20) == 0 ? Delete() : absl::OkStatus();
      default:
        return Guess();
    }
  }

  absl::Status Finish() {
    const Authority authority = PickAuthority();
    FinishRegistration request = FinishOf(PickVersion(), known_.unlock.public_key(), authority, limit_);
    Nonce nonce;
    for (uint8_t& byte : nonce) byte = static_cast<uint8_t>(Pick(256));
    request.begun = std::optional<Nonce>(nonce);
    auto next = ApplyFinish(known_.account, known_.record, kName, request);
    if (!next.ok()) return next.status();
    EXPECT_TRUE(DeviceOrUnlockKeyHeld(authority));
    known_.Take(std::move(next));
    return absl::OkStatus();
  }

  absl::Status Activate() {
    const Authority authority = PickAuthority();
    auto next = ApplyActivate(known_.account, known_.record, recovery::Activate{PickVersion(), authority});
    if (!next.ok()) return next.status();
    EXPECT_TRUE(DeviceOrUnlockKeyHeld(authority));
    known_.record = *next;
    return absl::OkStatus();
  }

  absl::Status TryUnlock() {
    const bool knows = Pick(4) == 0;
    const uint32_t version = PickVersion();
    auto change = ApplyUnlock(known_.record, Unlock{version, Signed(knows ? known_.unlock : stranger_)});
    if (!change.ok()) return change.status();
    known_.record = change->record;
    if (!std::holds_alternative<MayOpen>(change->outcome)) return absl::OkStatus();
    EXPECT_TRUE(knows);
    unlocked_once_ = true;
    model_.Success(change->record->Find(version)->nonce);
    return absl::OkStatus();
  }

  absl::Status Guess() {
    const uint32_t version = PickVersion();
    const uint32_t element = Pick(40);
    auto change = ApplyGuess(known_.record, CountGuess{version, Element(element)}, ++now_ms_, {});
    if (!change.ok()) return change.status();
    destroyed_once_ |= std::holds_alternative<Destroyed>(change->outcome);
    if (std::holds_alternative<MayEvaluate>(change->outcome)) {
      const Nonce& nonce = change->record->Find(version)->nonce;
      model_.Evaluated(nonce, element);
      EXPECT_LE(model_.Under(nonce), limit_);
    }
    known_.record = change->record;
    return absl::OkStatus();
  }

  absl::Status Delete() {
    auto next = ApplyDelete(known_.account, known_.record, DeleteRecord{PickAuthority()});
    if (!next.ok()) return next.status();
    known_.account = *next;
    known_.record.reset();
    return absl::OkStatus();
  }

  bool DeviceOrUnlockKeyHeld(const Authority& authority) const {
    if (const auto* device = std::get_if<ByDevice>(&authority)) {
      return device->signature.key() == known_.device.public_key();
    }
    const auto* unlock = std::get_if<ByUnlockKey>(&authority);
    return unlock != nullptr && unlock->signature.key() == known_.unlock.public_key();
  }

  std::mt19937 random_;
  Registered known_;
  EcdsaPrivateKey stranger_ = EcdsaPrivateKey::Generate();
  Model model_;
  int64_t now_ms_ = 0;
  const uint32_t limit_ = 7;
  bool destroyed_once_ = false;
  bool unlocked_once_ = false;
};

TEST(RecordProperty, NoSequenceOfRequestsAddsGuesses) {
  bool destroyed = false;
  bool unlocked = false;
  for (uint32_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    Play play(seed);
    for (int i = 0; i < 300 && !::testing::Test::HasFailure(); ++i) play.Step();
    destroyed |= play.destroyed_once();
    unlocked |= play.unlocked_once();
  }
  EXPECT_TRUE(destroyed);  // else the sequences reached nothing
  EXPECT_TRUE(unlocked);
}

}  // namespace
}  // namespace labrec::recovery

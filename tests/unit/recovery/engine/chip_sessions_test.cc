// Who may open the next write session of the chip.
#include <gtest/gtest.h>

#include "recovery/engine/call/refusal.h"
#include "recovery/engine/chip/sessions.h"

namespace labrec::recovery {
namespace {

using std::chrono::milliseconds;
using SessionsTime = ChipSessions::Time;

class ChipSessionsTest : public testing::Test {
 protected:
  static RecordName Name(const std::string& account, const std::string& record = "main") {
    return {"chat", account, record};
  }
  SessionsTime At(double second) const { return start_ + milliseconds(static_cast<int>(second * 1000)); }
  void Open(const RecordName& name, double second) {
    const absl::Status may = sessions.MayOpen(name, At(second));
    EXPECT_TRUE(may.ok()) << may;
    sessions.Keep(name, 1, {++last_id_, {}}, At(second));
  }
  // In how many milliseconds the refused caller is to come back.
  static int Pause(const absl::Status& refused) {
    EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
    EXPECT_EQ(RefusalOf(refused), refusal::kChipWrites);
    const auto pause = refused.GetPayload(kRetryAfter);
    return pause ? std::stoi(std::string(*pause)) : -1;
  }

  ChipSessions sessions;

 private:
  const SessionsTime start_{};
  uint64_t last_id_ = 0;
};

TEST_F(ChipSessionsTest, AnAccountHasTwoYoungOnes) {
  Open(Name("mallory", "a"), 0);
  Open(Name("mallory", "b"), 1);
  EXPECT_EQ(Pause(sessions.MayOpen(Name("mallory", "c"), At(3))), 5000) << "then the first is young no more";
  Open(Name("alice"), 3);
  Open(Name("mallory", "c"), 8);
  sessions.Forget(Name("mallory", "b"), 1);
  Open(Name("mallory", "d"), 8.5);
}

TEST_F(ChipSessionsTest, WhoFoundNoRoomIsNext) {
  Open(Name("mallory"), 0);
  EXPECT_EQ(Pause(sessions.NoRoom(Name("alice"), At(1))), 7000);
  EXPECT_EQ(Pause(sessions.MayOpen(Name("mallory", "b"), At(2))), 6000) << "behind alice";
  EXPECT_EQ(Pause(sessions.MayOpen(Name("bob"), At(3))), 5000) << "behind mallory";
  EXPECT_GT(Pause(sessions.MayOpen(Name("mallory", "b"), At(8))), 0) << "first is who came first";
  Open(Name("alice"), 8.5);
  EXPECT_GT(Pause(sessions.MayOpen(Name("bob"), At(8.6))), 0);
  EXPECT_TRUE(sessions.MayOpen(Name("mallory", "b"), At(8.7)).ok());
}

TEST_F(ChipSessionsTest, WhoDoesNotComeBackLosesItsPlace) {
  Open(Name("mallory"), 0);
  EXPECT_EQ(Pause(sessions.NoRoom(Name("alice"), At(0))), 8000);
  EXPECT_GT(Pause(sessions.MayOpen(Name("bob"), At(9.5))), 0) << "alice may be a little late";
  EXPECT_TRUE(sessions.MayOpen(Name("bob"), At(10)).ok());
}

TEST_F(ChipSessionsTest, WhatTheDeviceDoesNotKnowAnyMoreHoldsNobodyUp) {
  EXPECT_TRUE(sessions.empty());
  Open(Name("mallory", "a"), 0);  // session 1
  Open(Name("mallory", "b"), 0);  // session 2
  EXPECT_GT(Pause(sessions.NoRoom(Name("alice"), At(1))), 0);
  sessions.KeepOnly({1, 2, 77});
  EXPECT_GT(Pause(sessions.MayOpen(Name("bob"), At(1))), 0) << "nothing ended: alice is first";
  sessions.KeepOnly({2});
  EXPECT_FALSE(sessions.Find(Name("mallory", "a"), 1, At(1)));
  EXPECT_TRUE(sessions.Find(Name("mallory", "b"), 1, At(1)));
  Open(Name("bob"), 1);
  Open(Name("mallory", "c"), 1);
}

TEST_F(ChipSessionsTest, ASessionIsShownToItsVersionOnly) {
  Open(Name("alice"), 0);
  ASSERT_TRUE(sessions.Find(Name("alice"), 1, At(20)));
  EXPECT_EQ(sessions.Find(Name("alice"), 1, At(0))->id, 1U);
  EXPECT_FALSE(sessions.Find(Name("alice"), 1, At(20.5))) << "there is too little time left to use it";
  EXPECT_FALSE(sessions.Find(Name("alice"), 2, At(0)));
  EXPECT_FALSE(sessions.Find(Name("bob"), 1, At(0)));
  EXPECT_TRUE(sessions.Is(Name("alice"), 1, 1));
  EXPECT_FALSE(sessions.Is(Name("bob"), 1, 1));
  sessions.Forget(Name("alice"), 1);
  EXPECT_FALSE(sessions.Is(Name("alice"), 1, 1));
}

}  // namespace
}  // namespace labrec::recovery

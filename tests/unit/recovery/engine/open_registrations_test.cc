// Which registrations hold room in the chip, and which give way.

#include "recovery/engine/chip/open_registrations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/engine/call/refusal.h"

namespace labrec::recovery {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using OpenTime = OpenRegistrations::Time;

class OpenRegistrationsTest : public testing::Test {
 protected:
  static RecordName Name(const std::string& account, const std::string& record = "main") {
    return {"chat", account, record};
  }
  OpenTime At(int second) const { return start_ + seconds(second); }

  // Who gives way to it: "account/record".
  std::vector<std::string> Enter(const RecordName& name, int second) {
    const auto given_up = open.Enter(name, At(second));
    EXPECT_TRUE(given_up.ok()) << given_up.status();
    if (!given_up.ok()) return {"refused"};
    std::vector<std::string> names;
    for (const OpenRegistration& each : *given_up)
      names.push_back(each.name.account + "/" + each.name.record);
    return names;
  }
  std::vector<std::string> Begin(const RecordName& name, int second) {
    const std::vector<std::string> given_up = Enter(name, second);
    open.Note(name, ChipVersion{1, ++last_index_}, At(second));
    open.Leave(name);
    return given_up;
  }
  void Close(const RecordName& name) { open.Note(name, std::nullopt, At(0)); }

  OpenRegistrations open{{3, 2, seconds(100)}};

 private:
  const OpenTime start_{};
  uint32_t last_index_ = 0;
};

TEST_F(OpenRegistrationsTest, OneThatIsOldGivesWayToTheNext) {
  EXPECT_THAT(Begin(Name("alice"), 0), IsEmpty());
  EXPECT_THAT(Begin(Name("bob"), 99), IsEmpty());
  EXPECT_THAT(Begin(Name("carol"), 100), ElementsAre("alice/main"));
  EXPECT_THAT(Enter(Name("dave"), 101), IsEmpty()) << "nobody else is asked to give up the same";
}

TEST_F(OpenRegistrationsTest, ATimeBeginsAnewWithEachBegin) {
  Begin(Name("alice"), 0);
  EXPECT_THAT(Begin(Name("alice"), 60), ElementsAre("alice/main")) << "its own goes first";
  EXPECT_THAT(Begin(Name("bob"), 120), IsEmpty());
  EXPECT_THAT(Begin(Name("carol"), 160), ElementsAre("alice/main"));
}

TEST_F(OpenRegistrationsTest, AnAccountsOldestGivesWayToItsThird) {
  Begin(Name("alice", "a"), 1);
  Begin(Name("alice", "b"), 0);
  EXPECT_THAT(Begin(Name("alice", "c"), 2), ElementsAre("alice/b"));
  Close(Name("alice", "b"));
  EXPECT_EQ(open.count(), 2U);
}

TEST_F(OpenRegistrationsTest, TooManyYoungOnesRefuseUntilTheOldestIsOld) {
  Begin(Name("alice"), 0);
  Begin(Name("bob"), 10);
  Begin(Name("carol"), 20);
  const auto refused = open.Enter(Name("dave"), At(30));
  ASSERT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(RefusalOf(refused.status()), std::string(refusal::kChipRegistrations));
  EXPECT_EQ(std::string(*refused.status().GetPayload(kRetryAfter)), "70000");
  EXPECT_THAT(Begin(Name("carol"), 31), ElementsAre("carol/main")) << "its place is its own";
  Close(Name("bob"));
  EXPECT_THAT(Begin(Name("dave"), 32), IsEmpty());
  EXPECT_THAT(Begin(Name("erin"), 131), UnorderedElementsAre("alice/main", "carol/main"));
}

TEST_F(OpenRegistrationsTest, WhatIsOnlyBeingBegunTakesAPlace) {
  Enter(Name("alice", "a"), 0);
  Enter(Name("alice", "b"), 0);
  EXPECT_EQ(open.Enter(Name("alice", "c"), At(0)).status().code(), absl::StatusCode::kResourceExhausted);
  Enter(Name("bob"), 0);
  EXPECT_EQ(open.Enter(Name("carol"), At(0)).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(open.count(), 0U) << "none of them holds an index";
  open.Leave(Name("alice", "a"));
  EXPECT_THAT(Enter(Name("carol"), 0), IsEmpty());
}

TEST_F(OpenRegistrationsTest, ARefusalTakesNothingDown) {
  Begin(Name("alice", "a"), 0);
  Begin(Name("bob"), 1);
  Begin(Name("carol"), 2);
  Enter(Name("dave"), 100);  // alice's gives way
  open.Spare(Name("alice", "a"));
  EXPECT_EQ(open.Enter(Name("alice", "a"), At(100)).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(Enter(Name("erin"), 101), UnorderedElementsAre("alice/a", "bob/main"));
}

TEST_F(OpenRegistrationsTest, WhatIsFinishedIsNotAskedAgain) {
  Begin(Name("alice"), 0);
  Close(Name("alice"));
  EXPECT_EQ(open.count(), 0U);
  EXPECT_THAT(Begin(Name("bob"), 500), IsEmpty());
  EXPECT_THAT(Begin(Name("alice"), 501), IsEmpty());
}

}  // namespace
}  // namespace labrec::recovery

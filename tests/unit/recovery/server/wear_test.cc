#include <cmath>

#include <gtest/gtest.h>

#include "hsm/base/file.h"
#include "recovery/server/watch/wear_meter.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec::recovery {
namespace {

constexpr int64_t kHour = 3'600'000;
constexpr int64_t kDay = 24 * kHour;

TEST(WearHistory, TheRateIsOfTheLastDayOrWeek) {
  WearHistory history;
  // 1000 writes an hour for six days, then 10 an hour for two.
  uint64_t writes = 0;
  for (int64_t hour = 0; hour < 192; ++hour) {
    history.Note(hour * kHour, writes);
    writes += hour < 144 ? 1000 : 10;
  }
  EXPECT_DOUBLE_EQ(history.PerDay(192 * kHour, writes, 1), 240);
  EXPECT_DOUBLE_EQ(history.PerDay(192 * kHour, writes, 7), (5 * 24'000 + 2 * 240) / 7.0);
  EXPECT_LE(history.samples().size(), 170U);
}

// Two hundred enrolments in the first minutes are no year's rate.
TEST(WearHistory, AShortHistoryIsNotExtrapolated) {
  WearHistory history;
  history.Note(0, 100);
  EXPECT_DOUBLE_EQ(history.PerDay(120'000, 300, 1), 200);
  EXPECT_DOUBLE_EQ(history.PerDay(2 * kHour, 800, 7), 100);
  EXPECT_GT(YearsLeft(300, 500'000, history.PerDay(120'000, 300, 7)), 40);
}

TEST(WearHistory, AClockSetBackIsSurvived) {
  WearHistory history;
  history.Note(10 * kDay, 100);
  history.Note(kDay, 110);
  ASSERT_EQ(history.samples().size(), 1U);
  EXPECT_DOUBLE_EQ(history.PerDay(2 * kDay, 120, 1), 10);
}

TEST(YearsLeft, Counts) {
  EXPECT_DOUBLE_EQ(YearsLeft(0, 365250, 1000), 1);
  EXPECT_DOUBLE_EQ(YearsLeft(500, 500, 1), 0);
  EXPECT_TRUE(std::isinf(YearsLeft(5, 0, 10)));
  EXPECT_TRUE(std::isinf(YearsLeft(5, 10, 0)));
}

class SetClock : public Clock {
 public:
  int64_t NowMillis() const override { return now; }
  int64_t now = kDay;
};

EngineStatus StatusOf(uint64_t epoch, uint64_t commits) {
  EngineStatus status;
  status.epoch = epoch;
  status.anchor.commits = commits;
  return status;
}

class WearMeterTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "wear.json";
  SetClock clock_;
};

TEST_F(WearMeterTest, CountsOverRuns) {
  {
    WearMeter meter(path_, clock_, 1000, StatusOf(2, 2));
    EXPECT_EQ(meter.Figures(2).lifetime, 2U);
    EXPECT_EQ(meter.Figures(2).counted_since_ms, kDay);
    meter.Save(StatusOf(22, 22));
  }
  clock_.now = 2 * kDay;
  WearMeter meter(path_, clock_, 1000, StatusOf(23, 2));
  const WearFigures figures = meter.Figures(3);
  EXPECT_EQ(figures.lifetime, 25U);
  EXPECT_EQ(figures.since_start, 3U);
  EXPECT_EQ(figures.counted_since_ms, kDay);
  EXPECT_DOUBLE_EQ(figures.per_day, 25);
  EXPECT_DOUBLE_EQ(figures.years_left, 975 / (25.0 / 7) / 365.25);
}

TEST_F(WearMeterTest, MakesUpForWhatAKilledRunDidNotWriteDown) {
  { const WearMeter meter(path_, clock_, 1000, StatusOf(2, 2)); }  // and 500 epochs more, not written down
  const WearMeter meter(path_, clock_, 1000, StatusOf(504, 2));
  EXPECT_EQ(meter.Figures(2).lifetime, 504U);
}

TEST_F(WearMeterTest, WritesOnceAMinute) {
  WearMeter meter(path_, clock_, 1000, StatusOf(10, 2));
  const auto first = ReadFile(path_);
  clock_.now += 59'999;
  meter.Note(StatusOf(20, 12));
  EXPECT_EQ(*ReadFile(path_), *first);
  clock_.now += 1;
  meter.Note(StatusOf(20, 12));
  EXPECT_NE(*ReadFile(path_), *first);
}

// As after a restore. The ledger knows how often it was anchored.
TEST_F(WearMeterTest, WithoutItsFileItGoesOnFromTheEpoch) {
  EXPECT_EQ(WearMeter(path_, clock_, 1000, StatusOf(700, 2)).Figures(2).lifetime, 700U);
  std::filesystem::remove(path_);
  EXPECT_EQ(WearMeter(path_, clock_, 1000, StatusOf(800, 2)).Figures(2).lifetime, 800U);
}

TEST_F(WearMeterTest, ADamagedFileDoesNotMatterMore) {
  for (const char* content :
       {"", "{", "[]", R"({"format":2})", R"({"format":1,"lifetime_writes":"x"})",
        R"({"format":1,"lifetime_writes":9,"epoch":9000,"counted_since_ms":1,"hourly":5})"}) {
    ASSERT_TRUE(WriteFile(path_, AsBytes(content), 0600, Overwrite::kReplace).ok());
    const WearMeter meter(path_, clock_, 1000, StatusOf(10, 2));
    EXPECT_EQ(meter.Figures(2).lifetime, 10U) << content;
  }
}

}  // namespace
}  // namespace labrec::recovery

#include <cmath>

#include <gtest/gtest.h>

#include "hsm/base/file.h"
#include "recovery/server/watch/wear_meter.h"
#include "tests/support/temporary_folder.h"

namespace labrec::recovery {
namespace {

constexpr int64_t kHour = 3'600'000;
constexpr int64_t kDay = 24 * kHour;

TEST(WearHistory, TheRateIsOfTheLastDay) {
  WearHistory history;
  // 1000 writes an hour for two days, then 10 an hour for two.
  uint64_t writes = 0;
  for (int64_t hour = 0; hour < 96; ++hour) {
    history.Note(hour * kHour, writes);
    writes += hour < 48 ? 1000 : 10;
  }
  EXPECT_DOUBLE_EQ(history.PerDay(96 * kHour, writes), 240);
  EXPECT_LE(history.samples().size(), 26U);
}

TEST(WearHistory, AShortHistoryIsExtrapolatedFromAnHourAtLeast) {
  WearHistory history;
  history.Note(0, 100);
  EXPECT_DOUBLE_EQ(history.PerDay(1000, 110), 240) << "ten in an hour, at most";
  EXPECT_DOUBLE_EQ(history.PerDay(2 * kHour, 120), 240);
}

TEST(WearHistory, AClockSetBackIsSurvived) {
  WearHistory history;
  history.Note(10 * kDay, 100);
  history.Note(kDay, 110);
  ASSERT_EQ(history.samples().size(), 1U);
  EXPECT_DOUBLE_EQ(history.PerDay(2 * kDay, 120), 10);
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
    WearMeter meter(path_, clock_, 1000, StatusOf(10, 2));
    EXPECT_EQ(meter.Figures(2).lifetime, 2U);
    EXPECT_EQ(meter.Figures(2).counted_since_ms, kDay);
    meter.Save(StatusOf(30, 22));
  }
  clock_.now = 2 * kDay;
  WearMeter meter(path_, clock_, 1000, StatusOf(31, 2));
  const WearFigures figures = meter.Figures(3);
  EXPECT_EQ(figures.lifetime, 25U);
  EXPECT_EQ(figures.since_start, 3U);
  EXPECT_EQ(figures.counted_since_ms, kDay);
  EXPECT_DOUBLE_EQ(figures.per_day, 25);
  EXPECT_DOUBLE_EQ(figures.years_left, 975 / 25.0 / 365.25);
}

TEST_F(WearMeterTest, MakesUpForWhatAKilledRunDidNotWriteDown) {
  { const WearMeter meter(path_, clock_, 1000, StatusOf(10, 2)); }  // and 500 epochs more, not written down
  const WearMeter meter(path_, clock_, 1000, StatusOf(512, 2));
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

TEST_F(WearMeterTest, ADamagedFileCountsAnew) {
  for (const char* content : {"", "{", "[]", R"({"format":2})", R"({"format":1,"lifetime_writes":"x"})"}) {
    ASSERT_TRUE(WriteFile(path_, AsBytes(content), 0600, Overwrite::kReplace).ok());
    const WearMeter meter(path_, clock_, 1000, StatusOf(10, 2));
    EXPECT_EQ(meter.Figures(2).lifetime, 2U) << content;
  }
}

}  // namespace
}  // namespace labrec::recovery

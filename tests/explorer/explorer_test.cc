#include <algorithm>

#include <gtest/gtest.h>

#include "recovery/record/codec/codec.h"
#include "tests/explorer/search.h"

// The short form of the exploration, and for each rule a mutant that breaks it and must be seen. The long
// form, up to limit 3, with chips and backups: tests/explorer/explore_long.
namespace labrec::recovery::explorer {
namespace {

Options UpTo(uint8_t limit) {
  Options options;
  options.most_limit = limit;
  return options;
}
Options Delays() {
  Options options = UpTo(2);
  options.least_limit = 2;
  options.delays = true;
  return options;
}
Options Backups() {
  Options options = UpTo(2);
  options.accepts = 1;
  options.devices_stay = true;
  options.deletion = false;
  return options;
}
Options Edited() {
  Options options = UpTo(1);
  options.accepts = 1;
  options.edited = true;
  options.most_registrations = 1;
  options.deletion = false;
  return options;
}
Options Chip() {
  Options options = UpTo(1);
  options.chip = true;
  return options;
}

void ExpectNothingBroken(const Options& options, size_t least_states) {
  Search search(options);
  ASSERT_TRUE(search.Run());
  EXPECT_EQ(search.Summary(), "nothing");
  EXPECT_GE(search.states(), least_states) << "else the search reached less than it did";
}

TEST(Explorer, NothingIsBrokenAtLimitOne) {
  ExpectNothingBroken(UpTo(1), 11'000);
}

TEST(Explorer, NothingIsBrokenByATokenAlone) {
  Options options = UpTo(3);
  options.stolen_device = false;
  ExpectNothingBroken(options, 6'000);
}

TEST(Explorer, NothingIsBrokenByWhoKnowsAnOldPin) {
  Options options = UpTo(1);
  options.known_pin = true;
  ExpectNothingBroken(options, 11'000);
}

TEST(Explorer, NothingIsBrokenWithDelays) {
  Options options = Delays();
  options.devices_stay = true;
  ExpectNothingBroken(options, 1'000);
}

// Deletion too, and the same backup or another one restored a second time.
TEST(Explorer, NothingIsBrokenByAcceptedBackups) {
  Options options = UpTo(1);
  options.devices_stay = true;
  options.most_registrations = 2;
  options.accepts = 2;
  ExpectNothingBroken(options, 14'000);
}

// Rows of it were edited, so that the record is destroyed, or the account loses its devices.
TEST(Explorer, NothingIsBrokenByDiscardedRows) {
  ExpectNothingBroken(Edited(), 10'000);
}

TEST(Explorer, NothingIsBrokenByATokenAloneBesideAChip) {
  Options options = Chip();
  options.stolen_device = false;
  ExpectNothingBroken(options, 1'000);
}

struct Broken {
  Mutant mutant;
  const char* invariant;
  size_t steps;
  Options options;
};

std::string NameOfCase(const testing::TestParamInfo<Broken>& info) {
  std::string name(NameOf(info.param.mutant));
  std::ranges::replace(name, '-', '_');
  return name + "_" + info.param.invariant;
}

class ExplorerMutant : public testing::TestWithParam<Broken> {};

TEST_P(ExplorerMutant, IsSeen) {
  Options options = GetParam().options;
  options.mutants.Add(GetParam().mutant);
  options.until = GetParam().invariant;
  Search search(options);
  ASSERT_TRUE(search.Run());
  const auto found = search.violations().find(GetParam().invariant);
  ASSERT_NE(found, search.violations().end()) << search.Summary();
  EXPECT_EQ(found->second.steps, GetParam().steps) << testing::PrintToString(found->second.trace);
}

INSTANTIATE_TEST_SUITE_P(
    Rules, ExplorerMutant,
    testing::Values(
        Broken{Mutant::kCountOwnOnly, "I2", 5, UpTo(2)}, Broken{Mutant::kCountOwnOnly, "D1", 5, Delays()},
        Broken{Mutant::kRefillAll, "I1", 6, UpTo(2)}, Broken{Mutant::kForgetAll, "I5", 5, UpTo(2)},
        Broken{Mutant::kOneLimit, "I1", 5, UpTo(2)}, Broken{Mutant::kOneLimit, "I3b", 3, UpTo(2)},
        Broken{Mutant::kOneLimit, "I6", 3, UpTo(2)}, Broken{Mutant::kDestroyAll, "I3a", 5, UpTo(2)},
        Broken{Mutant::kStartFull, "I2", 5, UpTo(2)}, Broken{Mutant::kStartWithSpent, "I3b", 3, UpTo(2)},
        Broken{Mutant::kStartWithSpent, "I2", 8, UpTo(2)},
        Broken{Mutant::kStartWithUsedUp, "I3b", 3, UpTo(2)},
        Broken{Mutant::kStartWithActive, "I2", 5, UpTo(2)},
        Broken{Mutant::kStartWithOldest, "I2", 8, UpTo(2)},
        Broken{Mutant::kActivationCounts, "I1", 4, UpTo(2)},
        Broken{Mutant::kActivationCounts, "I2", 4, UpTo(2)},
        Broken{Mutant::kActivationCounts, "I5", 3, UpTo(2)},
        Broken{Mutant::kActivationKeepsBegun, "I4", 6, Chip()},
        Broken{Mutant::kPendingKeysSpeak, "A1", 2, UpTo(2)},
        Broken{Mutant::kPendingKeysSpeak, "I4", 5, UpTo(2)},
        Broken{Mutant::kRevokeDeviceOnly, "I4", 4, UpTo(2)},
        Broken{Mutant::kRevokeDeviceOnly, "I4p", 2, UpTo(2)},
        Broken{Mutant::kBeginWithRow, "I3r", 1, UpTo(2)}, Broken{Mutant::kBeginWithRow, "I4", 2, UpTo(2)},
        Broken{Mutant::kLowerNewestOnly, "I1", 9, Backups()},
        Broken{Mutant::kSuccessForgetsTime, "D1", 6, Delays()},
        Broken{Mutant::kDiscardedIsNew, "I4", 3, Edited()},
        Broken{Mutant::kDiscardKeepsPending, "I4p", 3, Edited()}),
    NameOfCase);

// What anybody could do before each version had a count of its own.
TEST(ExplorerBefore, AStrangerWithATokenGuessedBesideEveryReSeal) {
  Options options = UpTo(2);
  options.mutants = kBefore;
  options.stolen_device = false;
  options.until = "I1";
  Search search(options);
  ASSERT_TRUE(search.Run());
  const Violation& found = search.violations().at("I1");
  EXPECT_EQ(found.steps, 5U);
  EXPECT_LE(found.states, 100U);
}

TEST(ExplorerBefore, AStolenDeviceGuessedForEver) {
  Options options = UpTo(2);
  options.mutants = kBefore;
  options.owner_idle = true;
  options.until = "I1";
  Search search(options);
  ASSERT_TRUE(search.Run());
  const Violation& found = search.violations().at("I1");
  EXPECT_EQ(found.steps, 6U);
  EXPECT_LE(found.states, 1'000U);
}

// Every row that a token alone can bring about comes back from its bytes as it went.
TEST(Explorer, EveryRowHasBytes) {
  Options options = UpTo(1);
  options.stolen_device = false;
  Search search(options);
  ASSERT_TRUE(search.Run());
  for (const Node& node : search.nodes()) {
    const World world = RowsOf(node.state);
    EXPECT_EQ(*DecodeAccount(EncodeAccount(*world.account)), *world.account);
    if (!world.main) continue;
    const auto read = DecodeRecord(EncodeRecord(*world.main));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, *world.main);
  }
}

}  // namespace
}  // namespace labrec::recovery::explorer

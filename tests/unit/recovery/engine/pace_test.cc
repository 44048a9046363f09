#include "recovery/engine/commit/pace.h"

#include <gtest/gtest.h>

namespace labrec::recovery {
namespace {

using std::chrono::milliseconds;

// A commit of 10 ms until it is stored, and 20 ms more until it is anchored.
void NoteCommit(CommitPace& pace) {
  const CommitPace::Time start;
  pace.Note(start, start + milliseconds(10), start + milliseconds(30));
}

TEST(CommitPace, WithoutACommitTheNextIsDueWhenTheDeviceHasNothingToDo) {
  const CommitPace pace(AnchorCalls::kBesideKeys);
  EXPECT_EQ(pace.HoldBack({milliseconds(0), 1}), milliseconds(0));
  EXPECT_EQ(pace.HoldBack({milliseconds(5), 1}), milliseconds(5));
}

TEST(CommitPace, BesideTheKeysOnlyWhatTheDeviceWaitsForCounts) {
  CommitPace pace(AnchorCalls::kBesideKeys);
  NoteCommit(pace);
  EXPECT_EQ(pace.HoldBack({milliseconds(100), 1}), milliseconds(70));
  EXPECT_EQ(pace.HoldBack({milliseconds(100), 0.5}), milliseconds(85));
  EXPECT_EQ(pace.HoldBack({milliseconds(100), 0}), milliseconds(100));
}

TEST(CommitPace, AmongTheKeysTheAnchorKeepsTheDeviceBusyAnyway) {
  CommitPace pace(AnchorCalls::kAmongKeys);
  NoteCommit(pace);
  EXPECT_EQ(pace.HoldBack({milliseconds(100), 0}), milliseconds(90));
}

}  // namespace
}  // namespace labrec::recovery

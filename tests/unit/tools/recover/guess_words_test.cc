#include "tools/recover/guess_words.h"

#include <gtest/gtest.h>

namespace labrec::recover {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(GuessWords, SayWhatAThiefCanTry) {
  EXPECT_EQ(ThiefsTries({1, 1}, 10), "a thief with the token can try 10 PINs");
  EXPECT_EQ(ThiefsTries({3, 2}, 7),
            "a thief who asks the realms one by one can try 10 PINs, with 1 of them corrupt 14");
  EXPECT_EQ(ThiefsTries({5, 3}, 6),
            "a thief who asks the realms one by one can try 10 PINs, with 1 of them corrupt 12, with 2 18");
  EXPECT_EQ(TestablePinsJson({5, 3}, 6), nlohmann::json({10, 12, 18}));
}

TEST(GuessWords, SayHowLongGuessesWait) {
  EXPECT_EQ(DelayWords({seconds(0), seconds(0), seconds(0), minutes(1), minutes(15), hours(3)}),
            "waits 1 min after the 4th, 15 min after the 5th, 3 h after each further wrong PIN");
  EXPECT_EQ(DelayWords({seconds(90)}), "waits 90 s after each wrong PIN");
  EXPECT_EQ(DelayWords({seconds(1), seconds(2), seconds(0)}),
            "waits 1 s after the 1st, 2 s after the 2nd, 0 s after each further wrong PIN");
  EXPECT_EQ(DelayWords({}), "does not wait between wrong PINs");
  EXPECT_EQ(DelayWords({seconds(0), seconds(0)}), "does not wait between wrong PINs");
}

}  // namespace
}  // namespace labrec::recover

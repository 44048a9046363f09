#include "recovery/engine/call/registration_keys.h"

#include <gtest/gtest.h>

namespace labrec::recovery {
namespace {

using std::chrono::minutes;
using KeysTime = RegistrationKeys::Time;

const RecordName kBegunName{"tenant", "alice", "main"};
constexpr KeysTime kNow{minutes(1000)};

TEST(RegistrationKeys, FindsTheNonceOfItsIdAndOfNoOther) {
  RegistrationKeys keys;
  const auto begun = keys.Begin(kBegunName, 3, kNow);
  EXPECT_EQ(keys.Find(kBegunName, 3, begun.id, kNow), begun.nonce);
  EXPECT_EQ(keys.Find(kBegunName, 4, begun.id, kNow), std::nullopt);
  EXPECT_EQ(keys.Find({"tenant", "alice", "other"}, 3, begun.id, kNow), std::nullopt);
  EXPECT_EQ(keys.Find({"tenant", "mallory", "main"}, 3, begun.id, kNow), std::nullopt);
  EXPECT_EQ(keys.Find({"other", "alice", "main"}, 3, begun.id, kNow), std::nullopt);
  for (size_t bit = 0; bit < 8 * begun.id.size(); ++bit) {
    RegistrationId flipped = begun.id;
    flipped[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
    EXPECT_EQ(keys.Find(kBegunName, 3, flipped, kNow), std::nullopt) << bit;
  }
}

TEST(RegistrationKeys, EveryBeginHasANonceOfItsOwn) {
  RegistrationKeys keys;
  const auto first = keys.Begin(kBegunName, 3, kNow);
  const auto second = keys.Begin(kBegunName, 3, kNow);
  EXPECT_NE(first.id, second.id);
  EXPECT_NE(first.nonce, second.nonce);
  EXPECT_EQ(keys.Find(kBegunName, 3, first.id, kNow), first.nonce) << "a later one takes nothing away";
}

TEST(RegistrationKeys, AnotherRunKnowsNothingOfIt) {
  RegistrationKeys keys;
  const auto begun = keys.Begin(kBegunName, 3, kNow);
  RegistrationKeys another;
  EXPECT_EQ(another.Find(kBegunName, 3, begun.id, kNow), std::nullopt);
}

TEST(RegistrationKeys, IsGoodForFiveMinutesAtLeastAndTenAtMost) {
  for (const minutes after : {minutes(0), minutes(1), minutes(4)}) {  // since the key was made
    RegistrationKeys keys;
    keys.Begin(kBegunName, 1, kNow);
    const KeysTime begun_at = kNow + after;
    const auto begun = keys.Begin(kBegunName, 3, begun_at);
    EXPECT_EQ(keys.Find(kBegunName, 3, begun.id, begun_at + minutes(5)), begun.nonce);
    EXPECT_EQ(keys.Find(kBegunName, 3, begun.id, begun_at + minutes(10)), std::nullopt);
  }
}

TEST(RegistrationKeys, DeletingTheRecordEndsItsIds) {
  using std::chrono::minutes;
  RegistrationKeys keys;
  const RecordName name{"chat", "alice", "main"}, other{"chat", "alice", "other"};
  const KeysTime start = KeysTime(std::chrono::hours(1));  // of a key's lifetime
  const auto old = keys.Begin(name, 1, start);
  const auto others = keys.Begin(other, 1, start);
  keys.RecordDeleted(name, start + minutes(1));
  const auto after = keys.Begin(name, 1, start + minutes(2));
  EXPECT_FALSE(keys.Find(name, 1, old.id, start + minutes(2)));
  EXPECT_TRUE(keys.Find(other, 1, others.id, start + minutes(2)));
  EXPECT_TRUE(keys.Find(name, 1, after.id, start + minutes(2)));
  const auto late = keys.Begin(name, 1, start + minutes(9));
  EXPECT_FALSE(keys.Find(name, 1, old.id, start + minutes(9)));
  EXPECT_TRUE(keys.Find(name, 1, after.id, start + minutes(9)));
  const auto latest = keys.Begin(name, 1, start + minutes(11));
  for (const int minute : {11, 14}) {
    EXPECT_TRUE(keys.Find(name, 1, late.id, start + minutes(minute))) << "begun five minutes ago";
    EXPECT_TRUE(keys.Find(name, 1, latest.id, start + minutes(minute)));
  }
  EXPECT_TRUE(keys.Find(name, 1, latest.id, start + minutes(16)));
  keys.RecordDeleted(name, start + minutes(16));
  EXPECT_FALSE(keys.Find(name, 1, latest.id, start + minutes(16)));
}

TEST(RegistrationKeys, ALongPauseForgetsBothKeys) {
  RegistrationKeys keys;
  const auto begun = keys.Begin(kBegunName, 3, kNow);
  EXPECT_EQ(keys.Find(kBegunName, 3, begun.id, kNow + minutes(1000)), std::nullopt);
}

}  // namespace
}  // namespace labrec::recovery

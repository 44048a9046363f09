#include "recovery/engine/call/registration_keys.h"

#include <gtest/gtest.h>

namespace labrec::recovery {
namespace {

using std::chrono::minutes;
using Time = RegistrationKeys::Time;

const RecordName kName{"tenant", "alice", "main"};
constexpr Time kNow{minutes(1000)};

TEST(RegistrationKeys, FindsTheNonceOfItsIdAndOfNoOther) {
  RegistrationKeys keys;
  const auto begun = keys.Begin(kName, 3, kNow);
  EXPECT_EQ(keys.Find(kName, 3, begun.id, kNow), begun.nonce);
  EXPECT_EQ(keys.Find(kName, 4, begun.id, kNow), std::nullopt);
  EXPECT_EQ(keys.Find({"tenant", "alice", "other"}, 3, begun.id, kNow), std::nullopt);
  EXPECT_EQ(keys.Find({"tenant", "mallory", "main"}, 3, begun.id, kNow), std::nullopt);
  EXPECT_EQ(keys.Find({"other", "alice", "main"}, 3, begun.id, kNow), std::nullopt);
  for (size_t bit = 0; bit < 8 * begun.id.size(); ++bit) {
    RegistrationId flipped = begun.id;
    flipped[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
    EXPECT_EQ(keys.Find(kName, 3, flipped, kNow), std::nullopt) << bit;
  }
}

TEST(RegistrationKeys, EveryBeginHasANonceOfItsOwn) {
  RegistrationKeys keys;
  const auto first = keys.Begin(kName, 3, kNow);
  const auto second = keys.Begin(kName, 3, kNow);
  EXPECT_NE(first.id, second.id);
  EXPECT_NE(first.nonce, second.nonce);
  EXPECT_EQ(keys.Find(kName, 3, first.id, kNow), first.nonce) << "a later one takes nothing away";
}

TEST(RegistrationKeys, AnotherRunKnowsNothingOfIt) {
  RegistrationKeys keys;
  const auto begun = keys.Begin(kName, 3, kNow);
  RegistrationKeys another;
  EXPECT_EQ(another.Find(kName, 3, begun.id, kNow), std::nullopt);
}

TEST(RegistrationKeys, IsGoodForFiveMinutesAtLeastAndTenAtMost) {
  for (const minutes after : {minutes(0), minutes(1), minutes(4)}) {  // since the key was made
    RegistrationKeys keys;
    keys.Begin(kName, 1, kNow);
    const Time begun_at = kNow + after;
    const auto begun = keys.Begin(kName, 3, begun_at);
    EXPECT_EQ(keys.Find(kName, 3, begun.id, begun_at + minutes(5)), begun.nonce);
    EXPECT_EQ(keys.Find(kName, 3, begun.id, begun_at + minutes(10)), std::nullopt);
  }
}

TEST(RegistrationKeys, ALongPauseForgetsBothKeys) {
  RegistrationKeys keys;
  const auto begun = keys.Begin(kName, 3, kNow);
  EXPECT_EQ(keys.Find(kName, 3, begun.id, kNow + minutes(1000)), std::nullopt);
}

}  // namespace
}  // namespace labrec::recovery

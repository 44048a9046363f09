#include "pin/guess_total.h"

#include <algorithm>
#include <bit>
#include <map>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace labrec::pin {
namespace {

constexpr auto kOutsider = GuessThief::kOutsider;
constexpr auto kCorruptRealms = GuessThief::kCorruptRealms;

// A thief who tries everything: each step evaluates one PIN, begun or new, at one realm that has an
// evaluation left and has not evaluated this PIN. Looks for the most PINs that get `needed` evaluations.
class Thief {
 public:
  explicit Thief(int needed) : needed_(needed) {}

  uint64_t Most(const std::vector<uint32_t>& left) { return Search({left, {}}); }

 private:
  // Evaluations left at each realm; the realms that evaluated each PIN that is begun, sorted.
  using State = std::pair<std::vector<uint32_t>, std::vector<uint32_t>>;

  uint64_t Search(const State& state) {
    if (const auto known = known_.find(state); known != known_.end()) return known->second;
    uint64_t most = 0;
    for (size_t realm = 0; realm < state.first.size(); ++realm) {
      if (state.first[realm] == 0) continue;
      for (size_t pin = 0; pin <= state.second.size(); ++pin) most = std::max(most, Step(state, realm, pin));
    }
    known_.emplace(state, most);
    return most;
  }

  // `pin` may be one past the last: a new one.
  uint64_t Step(State state, size_t realm, size_t pin) {
    if (pin == state.second.size()) state.second.push_back(0);
    const uint32_t evaluated = 1U << realm;
    if ((state.second[pin] & evaluated) != 0) return 0;
    --state.first[realm];
    state.second[pin] |= evaluated;
    uint64_t tested = 0;
    if (std::popcount(state.second[pin]) == needed_) {
      state.second.erase(state.second.begin() + static_cast<ptrdiff_t>(pin));
      tested = 1;
    }
    std::sort(state.second.begin(), state.second.end());
    return tested + Search(state);
  }

  const int needed_;
  std::map<State, uint64_t> known_;
};

uint64_t Tried(const Quorum& quorum, uint32_t limit, uint32_t corrupt) {
  Thief thief(static_cast<int>(quorum.threshold - corrupt));
  return thief.Most(std::vector<uint32_t>(quorum.realms - corrupt, limit));
}

TEST(GuessTotal, AThiefWhoTriesEverythingTestsAsManyPins) {
  int checked = 0;
  for (uint32_t realms = 1; realms <= 4; ++realms) {
    for (uint32_t threshold = 1; threshold <= realms; ++threshold) {
      for (uint32_t limit = 1; limit <= 4; ++limit) {
        for (uint32_t corrupt = 0; corrupt < threshold; ++corrupt) {
          if ((realms - corrupt) * limit > 9) continue;  // the search grows fast
          const Quorum quorum{realms, threshold};
          EXPECT_EQ(TestablePins(quorum, limit, corrupt), Tried(quorum, limit, corrupt))
              << threshold << " of " << realms << ", limit " << limit << ", corrupt " << corrupt;
          ++checked;
        }
      }
    }
  }
  EXPECT_GE(checked, 60);
}

TEST(GuessTotal, TheLimitIsTheGreatestThatKeepsToTheTotal) {
  for (uint32_t realms = 1; realms <= 16; ++realms) {
    for (uint32_t threshold = 1; threshold <= realms; ++threshold) {
      const Quorum quorum{realms, threshold};
      for (uint32_t total = 0; total <= 64; ++total) {
        const uint32_t outside = GreatestLimit(quorum, total, kOutsider);
        EXPECT_LE(*TestablePins(quorum, outside), total);
        EXPECT_GT(*TestablePins(quorum, outside + 1), total);
        const uint32_t inside = GreatestLimit(quorum, total, kCorruptRealms);
        EXPECT_LE(*TestablePins(quorum, inside, threshold - 1), total);
        EXPECT_GT(*TestablePins(quorum, inside + 1, threshold - 1), total);
        EXPECT_EQ(outside > 0, total >= SmallestTotal(quorum, kOutsider));
        EXPECT_EQ(inside > 0, total >= SmallestTotal(quorum, kCorruptRealms));
      }
    }
  }
}

TEST(GuessTotal, FewerCorruptRealmsNeverTestMore) {
  for (uint32_t realms = 1; realms <= 16; ++realms) {
    for (uint32_t threshold = 1; threshold <= realms; ++threshold) {
      for (uint32_t corrupt = 1; corrupt < threshold; ++corrupt) {
        EXPECT_GE(*TestablePins({realms, threshold}, 7, corrupt),
                  *TestablePins({realms, threshold}, 7, corrupt - 1));
      }
    }
  }
}

// What the documents say.
TEST(GuessTotal, TwoOfThree) {
  EXPECT_EQ(GreatestLimit({3, 2}, 10, kOutsider), 7U);
  EXPECT_EQ(TestablePins({3, 2}, 7), 10U);
  EXPECT_EQ(TestablePins({3, 2}, 7, 1), 14U);
  EXPECT_EQ(TestablePins({3, 2}, 10), 15U) << "what a limit of ten was worth";
  EXPECT_EQ(GreatestLimit({3, 2}, 10, kCorruptRealms), 5U);
  EXPECT_EQ(GreatestLimit({1, 1}, 10, kOutsider), 10U);
  EXPECT_EQ(GreatestLimit({5, 3}, 10, kOutsider), 6U);
}

TEST(GuessTotal, AsManyCorruptRealmsAsTheThresholdNeedNoGuess) {
  EXPECT_EQ(TestablePins({3, 2}, 7, 2), std::nullopt);
  EXPECT_EQ(TestablePins({3, 2}, 7, 3), std::nullopt);
}

TEST(GuessTotal, NoLimitKeepsToATotalThatIsTooSmall) {
  EXPECT_EQ(GreatestLimit({5, 1}, 4, kOutsider), 0U);
  EXPECT_EQ(GreatestLimit({5, 1}, 5, kOutsider), 1U);
  EXPECT_EQ(SmallestTotal({5, 1}, kOutsider), 5U);
  EXPECT_EQ(GreatestLimit({5, 3}, 2, kCorruptRealms), 0U);
}

TEST(GuessTotal, GreatNumbersDoNotOverflow) {
  EXPECT_EQ(GreatestLimit({1, 1}, UINT32_MAX, kOutsider), UINT32_MAX);
  EXPECT_EQ(TestablePins({16, 1}, UINT32_MAX), uint64_t{16} * UINT32_MAX);
}

}  // namespace
}  // namespace labrec::pin

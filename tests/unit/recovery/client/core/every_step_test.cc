// Lifetime: an operation that uses all of the machinery is ended at every step, in both ways, and under
// random schedules. What this finds it finds under AddressSanitizer.

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/client/core/gather.h"
#include "recovery/client/core/work.h"
#include "tests/unit/recovery/client/core/host.h"

namespace labrec::recovery::client::core {
namespace {

// Retries as a loop, as calls do.
Task<std::string> Stubborn(Scope& scope, size_t realm, std::string text) {
  for (int attempt = 0;; ++attempt) {
    std::string again = text + "#" + std::to_string(attempt);
    auto answer = co_await Ask(scope, realm, std::move(again), scope.flow().After(1'000));
    if (answer.ok() || !absl::IsUnavailable(answer.status()) || attempt == 3) co_return answer;
    LABREC_CO_RETURN_IF_ERROR(co_await Sleep(scope, 50 << attempt));
  }
}

// A few calls in a row, as at a realm whose chip counts.
Task<std::string> Talk(Scope& scope, size_t realm) {
  LABREC_CO_ASSIGN_OR_RETURN(std::string all, co_await Stubborn(scope, realm, "begin"));
  for (const char* next : {"prove", "write"}) {
    LABREC_CO_ASSIGN_OR_RETURN(const std::string more, co_await Stubborn(scope, realm, next));
    all += more;
  }
  co_return all;
}

using Texts = std::vector<absl::StatusOr<std::string>>;

Task<Texts> TalkToAll(Scope& scope, size_t count) {
  return GatherUntil<std::string>(
      scope, count, 200, [](size_t i, Scope& within) { return Talk(within, i); },
      [](const Answers<std::string>& so_far) {
        return std::ranges::count_if(so_far, [](const auto& a) { return a && a->ok(); }) >= 2;
      });
}

Task<size_t> Everything(Scope& scope) {
  auto own = std::make_unique<std::string>("pin");
  auto work = [own = std::move(own)]() -> absl::StatusOr<std::string> { return *own; };
  LABREC_CO_ASSIGN_OR_RETURN(const std::string stretched, co_await Work<std::string>(scope, std::move(work)));
  LABREC_CO_ASSIGN_OR_RETURN(const Texts first, co_await TalkToAll(scope, 3));
  Scope limited(&scope, scope.flow().After(5'000));
  // Groups within groups: a straggler's own group ends with it.
  const auto nested = co_await GatherUntil<Texts>(
      limited, 2, 10, [](size_t, Scope& within) { return TalkToAll(within, 3); },
      [](const Answers<Texts>& so_far) { return so_far[0] || so_far[1]; });
  if (!nested.ok()) co_return nested.status();
  size_t good = 0;
  for (const auto& answer : first) good += answer.ok() ? stretched.size() : 0;
  co_return good;
}

// Drives it in an order that the seed decides, for at most `most` turns. Returns the turns it took, or
// `most`.
class RandomHost {
 public:
  explicit RandomHost(uint32_t seed) : random_(seed) {}

  int Drive(Running<size_t>& operation, int most) {
    for (int turn = 0; turn < most; ++turn) {
      Step step = operation.Next(now_ms_);
      if (std::holds_alternative<DoneStep>(step.what)) return turn;
      Take(step);
      if (const auto* pause = std::get_if<PauseStep>(&step.what)) Go(operation, *pause);
    }
    return most;
  }
  size_t open() const { return open_.size(); }
  std::string log;

 private:
  int Dice(int sides) { return static_cast<int>(random_() % static_cast<uint32_t>(sides)); }

  void Take(const Step& step) {
    log += std::to_string(step.id) + ":" + std::to_string(step.what.index()) + " ";
    if (std::holds_alternative<CancelStep>(step.what)) {
      EXPECT_EQ(std::erase_if(open_, [&](const auto& at) { return at.first == step.id; }), 1U);
    } else if (const auto* work = std::get_if<WorkStep>(&step.what)) {
      work->job->Run();
      open_.emplace_back(step.id, "work");
    } else if (const auto* call = std::get_if<CallStep>(&step.what)) {
      open_.emplace_back(step.id, ToString(call->body));
    }
  }

  void Go(Running<size_t>& operation, const PauseStep& pause) {
    const bool answer = !open_.empty() && (!pause.until_ms || Dice(4) > 0);
    if (!answer) {
      ASSERT_TRUE(pause.until_ms) << "nobody is waited for, and nothing will happen";
      now_ms_ = *pause.until_ms;
      return;
    }
    now_ms_ += Dice(40);
    const auto at = open_.begin() + Dice(static_cast<int>(open_.size()));
    const StepId id = at->first;
    open_.erase(at);
    switch (Dice(6)) {
      case 0:
        return operation.Answer(id, {absl::UnavailableError("away"), {}, {}, {}});
      case 1:
        return operation.Answer(id, {absl::NotFoundError("none"), {}, {}, {}});
      default:
        return operation.Answer(id, Says("yes"));
    }
  }

  std::minstd_rand random_;
  int64_t now_ms_ = 0;
  std::vector<std::pair<StepId, std::string>> open_;
};

TEST(EveryStep, RandomSchedulesComeToAnEndAndAreRepeatable) {
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    std::string logs[2];
    for (std::string& log : logs) {
      Running<size_t> operation(Everything);
      RandomHost host(seed);
      EXPECT_LT(host.Drive(operation, 5'000), 5'000) << seed;
      EXPECT_EQ(host.open(), 0U) << seed << ": each order was answered or cancelled";
      log = host.log;
    }
    EXPECT_EQ(logs[0], logs[1]) << seed;
  }
}

TEST(EveryStep, DestroyedAtAnyStepNothingIsLeft) {
  for (uint32_t seed = 1; seed <= 40; ++seed) {
    for (int turns = 0;; ++turns) {
      Running<size_t> operation(Everything);
      RandomHost host(seed);
      if (host.Drive(operation, turns) < turns) break;
    }
  }
}

TEST(EveryStep, CancelledAtAnyStepItEndsAtOnce) {
  for (uint32_t seed = 1; seed <= 40; ++seed) {
    for (int turns = 0;; ++turns) {
      Running<size_t> operation(Everything);
      RandomHost host(seed);
      if (host.Drive(operation, turns) < turns) break;
      operation.Cancel();
      // Nothing but cancels comes now.
      const size_t open = host.open();
      EXPECT_LE(static_cast<size_t>(host.Drive(operation, 5'000)), open) << seed << " " << turns;
      EXPECT_TRUE(operation.done());
      EXPECT_EQ(host.open(), 0U);
    }
  }
}

}  // namespace
}  // namespace labrec::recovery::client::core

#include "recovery/client/core/gather.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/recovery/client/core/host.h"

namespace labrec::recovery::client::core {
namespace {

using testing::ElementsAre;
using Texts = std::vector<absl::StatusOr<std::string>>;

Task<Texts> AskUntil(Scope& scope, size_t count, size_t enough, int64_t grace_ms,
                     std::optional<int64_t> limit_ms = std::nullopt) {
  return GatherUntil<std::string>(
      scope, count, grace_ms, [](size_t i, Scope& within) { return Ask(within, i, "r" + std::to_string(i)); },
      [enough](const Answers<std::string>& so_far) {
        return static_cast<size_t>(
                   std::ranges::count_if(so_far, [](const auto& a) { return a && a->ok(); })) >= enough;
      },
      limit_ms);
}

TEST(Gather, NothingToAskIsNoAnswer) {
  Running<Texts> operation([](Scope& scope) { return AskUntil(scope, 0, 0, 0); });
  HandHost<Texts> host(operation);
  EXPECT_THAT(host.Run(0), ElementsAre("done"));
  EXPECT_TRUE(operation.Take()->empty());
}

TEST(Gather, AsksAllAtOnceAndWaitsForAll) {
  Running<Texts> operation([](Scope& scope) { return AskUntil(scope, 3, 9, 0); });
  HandHost<Texts> host(operation);
  EXPECT_THAT(host.Run(0), ElementsAre("ask 0 r0", "ask 1 r1", "ask 2 r2", "wait"));
  host.Answer("r2", Says("c"));
  host.Answer("r0", {absl::NotFoundError("none"), {}, {}, {}});
  EXPECT_THAT(host.Run(5), ElementsAre("wait"));
  host.Answer("r1", Says("b"));
  EXPECT_THAT(host.Run(9), ElementsAre("done"));
  const Texts texts = *operation.Take();
  EXPECT_TRUE(absl::IsNotFound(texts[0].status()));
  EXPECT_EQ(*texts[1], "b");
  EXPECT_EQ(*texts[2], "c");
}

TEST(Gather, GivesStragglersTheGraceAndCancelsThem) {
  Running<Texts> operation([](Scope& scope) { return AskUntil(scope, 3, 2, 100); });
  HandHost<Texts> host(operation);
  host.Run(0);
  host.Answer("r0", Says("a"));
  host.Answer("r2", Says("c"));
  EXPECT_THAT(host.Run(30), ElementsAre("until 130"));
  EXPECT_THAT(host.Run(130), ElementsAre("cancel r1", "done"));
  const Texts texts = *operation.Take();
  EXPECT_EQ(*texts[0], "a");
  EXPECT_TRUE(absl::IsCancelled(texts[1].status()));
  EXPECT_EQ(*texts[2], "c");
}

TEST(Gather, TheGraceIsAsLongAsItTookToGetThere) {
  Running<Texts> operation([](Scope& scope) { return AskUntil(scope, 2, 1, 100); });
  HandHost<Texts> host(operation);
  host.Run(0);
  host.Answer("r0", Says("a"));
  EXPECT_THAT(host.Run(400), ElementsAre("until 800"));
}

TEST(Gather, AfterTheLimitNobodyIsWaitedFor) {
  Running<Texts> operation([](Scope& scope) { return AskUntil(scope, 2, 9, 0, 100); });
  HandHost<Texts> host(operation);
  host.Run(0);
  host.Answer("r0", Says("a"));
  EXPECT_THAT(host.Run(40), ElementsAre("until 100"));
  EXPECT_THAT(host.Run(100), ElementsAre("cancel r1", "done"));
  const Texts texts = *operation.Take();
  EXPECT_EQ(*texts[0], "a");
  EXPECT_TRUE(absl::IsCancelled(texts[1].status()));
}

TEST(Gather, TheLimitCutsTheGrace) {
  Running<Texts> operation([](Scope& scope) { return AskUntil(scope, 2, 1, 100, 120); });
  HandHost<Texts> host(operation);
  host.Run(0);
  host.Answer("r0", Says("a"));
  EXPECT_THAT(host.Run(40), ElementsAre("until 120"));
}

TEST(Gather, TheGraceEndsWithTheLastAnswer) {
  Running<Texts> operation([](Scope& scope) { return AskUntil(scope, 2, 1, 100); });
  HandHost<Texts> host(operation);
  host.Run(0);
  host.Answer("r0", Says("a"));
  host.Run(1);
  host.Answer("r1", Says("b"));
  EXPECT_THAT(host.Run(2), ElementsAre("done"));
  EXPECT_TRUE((*operation.Take())[1].ok());
}

TEST(Gather, CancelledFromOutsideAllTasksEnd) {
  Running<Texts> operation([](Scope& scope) { return AskUntil(scope, 2, 1, 100); });
  HandHost<Texts> host(operation);
  host.Run(0);
  host.Answer("r0", Says("a"));
  host.Run(1);
  operation.Cancel();
  EXPECT_THAT(host.Run(2), ElementsAre("cancel r1", "done"));
  const Texts texts = *operation.Take();
  EXPECT_EQ(*texts[0], "a");
  EXPECT_TRUE(absl::IsCancelled(texts[1].status()));
}

}  // namespace
}  // namespace labrec::recovery::client::core

#include "recovery/client/core/wait.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/recovery/client/core/host.h"

namespace labrec::recovery::client::core {
namespace {

using testing::ElementsAre;

TEST(Wait, ComesToTheHostsAnswer) {
  Running<std::string> operation([](Scope& scope) { return Ask(scope, 2, "x"); });
  HandHost<std::string> host(operation);
  EXPECT_THAT(host.Run(0), ElementsAre("ask 2 x", "wait"));
  EXPECT_THAT(host.Run(1), ElementsAre("wait")) << "an order is handed out once";
  host.Answer("x", Says("y"));
  EXPECT_THAT(host.Run(2), ElementsAre("done"));
  EXPECT_EQ(*operation.Take(), "y");
}

TEST(Wait, EndsAtItsDeadlineAndCancels) {
  Running<std::string> operation([](Scope& scope) { return Ask(scope, 0, "x", 50); });
  HandHost<std::string> host(operation);
  EXPECT_THAT(host.Run(0), ElementsAre("ask 0 x", "until 50"));
  EXPECT_THAT(host.Run(49), ElementsAre("until 50"));
  EXPECT_THAT(host.Run(50), ElementsAre("cancel x", "done"));
  host.Answer("x", Says("late"));
  EXPECT_THAT(host.Run(51), ElementsAre("done"));
  EXPECT_TRUE(absl::IsDeadlineExceeded(operation.Take().status()));
}

TEST(Wait, AnAnswerThatIsThereWinsOverTheDeadline) {
  Running<std::string> operation([](Scope& scope) { return Ask(scope, 0, "x", 50); });
  HandHost<std::string> host(operation);
  host.Run(0);
  host.Answer("x", Says("y"));
  EXPECT_THAT(host.Run(60), ElementsAre("done"));
  EXPECT_EQ(*operation.Take(), "y");
}

TEST(Wait, AnAnswerThatWasNotAskedForIsDropped) {
  Running<std::string> operation([](Scope& scope) { return Ask(scope, 0, "x"); });
  HandHost<std::string> host(operation);
  operation.Answer(1, Says("before it was handed out"));
  operation.Answer(77, Says("of another operation"));
  EXPECT_THAT(host.Run(0), ElementsAre("ask 0 x", "wait"));
  host.Answer("x", Says("y"));
  host.Answer("x", Says("twice"));
  EXPECT_THAT(host.Run(0), ElementsAre("done"));
  EXPECT_EQ(*operation.Take(), "y");
}

TEST(Wait, TimeDoesNotGoBack) {
  Running<void> operation([](Scope& scope) { return Sleep(scope, 10); });
  HandHost<void> host(operation);
  EXPECT_THAT(host.Run(100), ElementsAre("until 110"));
  EXPECT_THAT(host.Run(5), ElementsAre("until 110"));
  EXPECT_THAT(host.Run(110), ElementsAre("done"));
  EXPECT_TRUE(operation.Take().ok());
}

TEST(Scope, CancellingEndsWhatWaitsInIt) {
  Running<std::string> operation([](Scope& scope) { return Ask(scope, 0, "x"); });
  HandHost<std::string> host(operation);
  host.Run(0);
  operation.Cancel();
  EXPECT_THAT(host.Run(0), ElementsAre("cancel x", "done"));
  EXPECT_TRUE(absl::IsCancelled(operation.Take().status()));
}

TEST(Scope, WhatWasNotHandedOutNeedsNoCancel) {
  Running<std::string> operation([](Scope& scope) { return Ask(scope, 0, "x"); });
  HandHost<std::string> host(operation);
  operation.Cancel();
  EXPECT_THAT(host.Run(0), ElementsAre("done"));
  EXPECT_TRUE(absl::IsCancelled(operation.Take().status()));
}

Task<std::string> Within(Scope& around, int64_t limit_ms, std::vector<absl::StatusCode>& codes) {
  Scope scope(&around, around.flow().After(limit_ms));
  const auto first = co_await Ask(scope, 0, "first");
  codes.push_back(first.status().code());
  const absl::Status slept = co_await Sleep(scope, 1'000);
  codes.push_back(slept.code());
  const auto after = co_await Ask(scope, 0, "after");
  codes.push_back(after.status().code());
  const auto outside = co_await Ask(around, 0, "outside");
  co_return outside;
}

TEST(Scope, ALimitEndsAllThatIsInIt) {
  std::vector<absl::StatusCode> codes;
  Running<std::string> operation([&](Scope& scope) { return Within(scope, 100, codes); });
  HandHost<std::string> host(operation);
  EXPECT_THAT(host.Run(0), ElementsAre("ask 0 first", "until 100"));
  host.Answer("first", Says("1"));
  EXPECT_THAT(host.Run(30), ElementsAre("until 100"));
  EXPECT_THAT(host.Run(100), ElementsAre("ask 0 outside", "wait"));
  EXPECT_THAT(codes, ElementsAre(absl::StatusCode::kOk, absl::StatusCode::kDeadlineExceeded,
                                 absl::StatusCode::kDeadlineExceeded));
  host.Answer("outside", Says("2"));
  EXPECT_THAT(host.Run(100), ElementsAre("done"));
}

}  // namespace
}  // namespace labrec::recovery::client::core

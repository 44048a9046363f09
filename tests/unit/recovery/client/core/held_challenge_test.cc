#include <deque>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/client/core/signed_call.h"
#include "recovery/client/core/sleep.h"
#include "tests/unit/recovery/client/core/scripted_realm.h"

// Challenges that come with answers.
namespace labrec::recovery::client::core {
namespace {

using testing::ElementsAre;

// Asks for something whose answer brings a challenge, lets time go by, and signs.
template <typename Request>
Task<wire::ActivateResponse> ActivateAfter(Scope& scope, Account& account, Request request, int64_t wait_ms,
                                           const Signer& signer) {
  const auto answered = co_await Call(scope, account, 0, std::move(request));
  LABREC_CO_RETURN_IF_ERROR(answered.status());
  if (wait_ms > 0) LABREC_CO_RETURN_IF_ERROR(co_await Sleep(scope, wait_ms));
  wire::ActivateRequest activate;
  activate.record = "main";
  activate.version = 3;
  auto done = co_await SignedCall(scope, account, 0, Operation::kActivate, ActivateBody("main", 3), signer,
                                  std::move(activate));
  co_return done;
}

// What is asked for, and over which challenge it is signed in the end.
struct Seen {
  std::vector<std::string> methods;
  Bytes challenge;
  absl::Status status;
};
template <typename Request>
Seen SignAfter(Request request, std::deque<Reply> answers, int64_t wait_ms = 0) {
  Activation script(std::move(answers));
  const KeyOfHost signer({9});
  Seen seen;
  seen.status =
      script.Run([&](Scope& scope) { return ActivateAfter(scope, script.account, request, wait_ms, signer); })
          .status();
  for (const CallStep& call : script.calls) seen.methods.emplace_back(call.method);
  const auto sent = wire::Decode<wire::ActivateRequest>(script.calls.back().body);
  if (sent && sent->authorization) seen.challenge = sent->authorization->challenge;
  return seen;
}
wire::GetRecordResponse RecordWith(Bytes challenge) {
  wire::GetRecordResponse response;
  response.next_challenge = std::move(challenge);
  return response;
}
Reply Activated() {
  return Message(wire::ActivateResponse());
}

TEST(HeldChallenge, EveryAnswerThatBringsOneSparesACall) {
  wire::BeginRegistrationResponse begun;
  wire::FinishRegistrationResponse finished;
  wire::UnlockResponse unlocked;
  begun.next_challenge = finished.next_challenge = Bytes(32, 7);
  unlocked.outcome = wire::Unlocked();
  std::get<wire::Unlocked>(unlocked.outcome).next_challenge = Bytes(32, 7);
  wire::BeginRegistrationResponse in_chip = begun;
  in_chip.chip = wire::ChipBegun();
  const Seen rows[] = {
      SignAfter(wire::GetRecordRequest(), {Message(RecordWith(Bytes(32, 7))), Activated()}),
      SignAfter(wire::BeginRegistrationRequest(), {Message(begun), Activated()}),
      SignAfter(wire::BeginRegistrationRequest(), {Message(in_chip), Activated()}),
      SignAfter(wire::FinishRegistrationRequest(), {Message(finished), Activated()}),
      SignAfter(wire::UnlockRequest(), {Message(unlocked), Activated()}),
  };
  for (const Seen& seen : rows) {
    EXPECT_TRUE(seen.status.ok()) << seen.status;
    EXPECT_EQ(seen.methods.size(), 2U) << seen.methods.front();
    EXPECT_EQ(seen.challenge, Bytes(32, 7)) << seen.methods.front();
  }
}

TEST(HeldChallenge, WhereThereIsNoneOrItIsOddOneIsAskedFor) {
  for (const size_t size : {0, 31, 33}) {
    const Seen seen =
        SignAfter(wire::GetRecordRequest(), {Message(RecordWith(Bytes(size, 7))), Challenge(1), Activated()});
    EXPECT_THAT(seen.methods, ElementsAre("GetRecord", "GetChallenge", "Activate"));
    EXPECT_EQ(seen.challenge, Bytes(32, 1));
  }
}

TEST(HeldChallenge, OneThatTheRealmMayHaveForgottenIsNotUsed) {
  EXPECT_EQ(SignAfter(wire::GetRecordRequest(), {Message(RecordWith(Bytes(32, 7))), Activated()}, 50'000)
                .methods.size(),
            2U);
  const Seen late = SignAfter(wire::GetRecordRequest(),
                              {Message(RecordWith(Bytes(32, 7))), Challenge(1), Activated()}, 50'001);
  EXPECT_THAT(late.methods, ElementsAre("GetRecord", "GetChallenge", "Activate"));
}

TEST(HeldChallenge, IsReplacedOnceWhereItIsNotTaken) {
  const Reply no = Error(absl::PermissionDeniedError("unknown challenge"));
  const Seen once =
      SignAfter(wire::GetRecordRequest(), {Message(RecordWith(Bytes(32, 7))), no, Challenge(1), Activated()});
  EXPECT_TRUE(once.status.ok()) << once.status;
  EXPECT_THAT(once.methods, ElementsAre("GetRecord", "Activate", "GetChallenge", "Activate"));
  EXPECT_EQ(once.challenge, Bytes(32, 1));
  const Seen never = SignAfter(wire::GetRecordRequest(),
                               {Message(RecordWith(Bytes(32, 7))), no, Challenge(1), no, Activated()});
  EXPECT_TRUE(absl::IsPermissionDenied(never.status));
  EXPECT_EQ(never.methods.size(), 4U);
}

TEST(HeldChallenge, IsGoodForOneSignature) {
  const Seen seen = SignAfter(
      wire::GetRecordRequest(),
      {Message(RecordWith(Bytes(32, 7))), Error(absl::UnavailableError("lost")), Challenge(1), Activated()});
  EXPECT_THAT(seen.methods, ElementsAre("GetRecord", "Activate", "GetChallenge", "Activate"));
  EXPECT_EQ(seen.challenge, Bytes(32, 1));
}

}  // namespace
}  // namespace labrec::recovery::client::core

#include "recovery/client/core/call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/client/base/device_key.h"
#include "recovery/client/core/random.h"
#include "recovery/client/core/signed_call.h"
#include "recovery/client/core/sleep.h"
#include "recovery/client/report/failure_kind.h"
#include "recovery/client/report/realm_refusal.h"
#include "tests/unit/recovery/client/core/scripted_realm.h"

namespace labrec::recovery::client::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

wire::EvaluateRequest Element() {
  wire::EvaluateRequest request;
  request.record = "main";
  request.version = 3;
  request.elements.push_back(Bytes(33, 2));
  return request;
}
wire::EvaluateResponse Answer() {
  wire::EvaluateResponse response;
  response.outcome = wire::LockedUntil{5, 1};
  return response;
}

using Evaluation = Script<wire::EvaluateResponse>;
absl::StatusOr<wire::EvaluateResponse> Evaluate(Evaluation& script) {
  return script.Run([&](Scope& scope) { return Call(scope, script.account, 0, Element()); });
}

TEST(Call, SendsTheMessageWithATokenForThisRealm) {
  Evaluation script({Message(Answer())});
  const auto response = Evaluate(script);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(*response, Answer());
  ASSERT_EQ(script.calls.size(), 1U);
  EXPECT_EQ(script.calls[0].method, "Evaluate");
  EXPECT_EQ(script.calls[0].token, TokenFor(kOslo));
  EXPECT_EQ(script.calls[0].deadline_ms, 10'000);
  EXPECT_EQ(wire::Decode<wire::EvaluateRequest>(script.calls[0].body), Element());
}

TEST(Call, SendsNoTokenThatIsGoodElsewhere) {
  for (const std::string& token :
       {TokenFor(kPorto), TokenText("[\"" + Hex(kOslo) + "\",\"" + Hex(kPorto) + "\"]"),
        std::string("none")}) {
    Evaluation script({Message(Answer())});
    script.tokens = {token};
    EXPECT_TRUE(absl::IsInvalidArgument(Evaluate(script).status()));
    EXPECT_TRUE(script.calls.empty());
  }
}

TEST(Call, WhatNeedsNoTokenAsksForNone) {
  Script<wire::GetRealmResponse> script({Message(wire::GetRealmResponse())});
  script.tokens = {"none"};
  EXPECT_TRUE(
      script.Run([&](Scope& scope) { return Call(scope, script.account, 0, wire::GetRealmRequest()); }).ok());
  EXPECT_TRUE(script.refused.empty());
  EXPECT_EQ(script.calls[0].token, "");
}

TEST(Call, RepeatsTheSameBytesWhileTheRealmIsAway) {
  Evaluation script(
      {Error(absl::UnavailableError("a")), Error(absl::UnavailableError("b")), Message(Answer())});
  EXPECT_TRUE(Evaluate(script).ok());
  ASSERT_EQ(script.calls.size(), 3U);
  EXPECT_EQ(script.calls[0].body, script.calls[1].body);
  EXPECT_EQ(script.calls[0].body, script.calls[2].body);
  EXPECT_EQ(script.calls[2].attempt, 2);
  ASSERT_EQ(script.pauses.size(), 2U);
  EXPECT_GE(script.pauses[0], 1);
  EXPECT_LE(script.pauses[0], 50);
  EXPECT_LE(script.pauses[1] - script.pauses[0], 100);
}

TEST(Call, GivesUpAfterSomeAttempts) {
  Evaluation script(std::deque<Reply>(9, Error(absl::UnavailableError("gone"))));
  const absl::Status status = Evaluate(script).status();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_TRUE(IsRefusedByRealm(status));
  EXPECT_EQ(FailureKindOf(status), FailureKind::kRefused);
  EXPECT_THAT(std::string(status.message()), HasSubstr("realm oslo (oslo:7443), Evaluate: gone (check"));
  EXPECT_EQ(script.calls.size(), 4U);
}

TEST(Call, AMethodThatIsNotThereIsAnotherVersions) {
  Evaluation script({Error(absl::UnimplementedError("there is no such method here"))});
  const absl::Status status = Evaluate(script).status();
  EXPECT_EQ(FailureKindOf(status), FailureKind::kUpgradeRequired);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("Evaluate: there is no such method here (update this program or the realm"));
  EXPECT_EQ(script.calls.size(), 1U);
  EXPECT_EQ(FailureKindOf(absl::UnimplementedError("this host's own")), FailureKind::kOther);
}

TEST(Call, RepeatsAnEvaluationOnceThatIsLate) {
  Evaluation script({});
  EXPECT_TRUE(absl::IsDeadlineExceeded(Evaluate(script).status()));
  ASSERT_EQ(script.calls.size(), 2U);
  EXPECT_EQ(script.calls[0].body, script.calls[1].body);
  EXPECT_EQ(script.cancels, 2);
}

TEST(Call, DoesNotRepeatWhatWouldDoSomethingElse) {
  for (const absl::Status& status : {absl::UnavailableError("away"), absl::DeadlineExceededError("late"),
                                     absl::InternalError("reset"), absl::NotFoundError("none")}) {
    Script<wire::ConfirmKeyResponse> script({Error(status)});
    const auto response =
        script.Run([&](Scope& scope) { return Call(scope, script.account, 0, wire::ConfirmKeyRequest()); });
    EXPECT_EQ(response.status().code(), status.code());
    EXPECT_EQ(script.calls.size(), 1U);
  }
}

TEST(Call, ComesBackWhenTheRealmSaysWhen) {
  Reply busy = Error(absl::ResourceExhaustedError("busy"));
  busy.retry_after_ms = 700;
  Script<wire::ConfirmKeyResponse> script({busy, Message(wire::ConfirmKeyResponse())});
  EXPECT_TRUE(
      script.Run([&](Scope& scope) { return Call(scope, script.account, 0, wire::ConfirmKeyRequest()); })
          .ok());
  EXPECT_THAT(script.pauses, ElementsAre(700));
  busy.retry_after_ms = 10'001;  // longer than a call may take
  Evaluation never({busy, Message(Answer())});
  EXPECT_TRUE(absl::IsResourceExhausted(Evaluate(never).status()));
}

TEST(Call, TriesAnotherTokenOnce) {
  const std::string newer = TokenFor(kOslo, R"(,"exp":9)");
  Evaluation script({Error(absl::UnauthenticatedError("old")), Message(Answer())});
  script.tokens = {TokenFor(kOslo), newer};
  EXPECT_TRUE(Evaluate(script).ok());
  EXPECT_THAT(script.refused, ElementsAre("", TokenFor(kOslo)));
  EXPECT_EQ(script.calls[1].token, newer);

  Evaluation same(std::deque<Reply>(9, Error(absl::UnauthenticatedError("old"))));
  EXPECT_TRUE(absl::IsUnauthenticated(Evaluate(same).status()));
  EXPECT_EQ(same.calls.size(), 1U);
  Evaluation both(std::deque<Reply>(9, Error(absl::UnauthenticatedError("old"))));
  both.tokens = {TokenFor(kOslo), newer, TokenFor(kOslo, R"(,"exp":10)")};
  EXPECT_TRUE(absl::IsUnauthenticated(Evaluate(both).status()));
  EXPECT_EQ(both.calls.size(), 2U);
}

TEST(Call, TakesNoAnswerOnAnotherTlsKey) {
  for (const std::optional<Digest>& shown :
       {std::optional<Digest>(), std::optional(Sha256(AsBytes("relay")))}) {
    Reply reply = Message(Answer());
    reply.tls_key_hash = shown;
    Evaluation script({reply});
    script.account[0].proven_tls_key = Sha256(AsBytes("realm"));
    const absl::Status status = Evaluate(script).status();
    EXPECT_TRUE(absl::IsPermissionDenied(status));
    EXPECT_EQ(FailureKindOf(status), FailureKind::kTlsMismatch);
  }
}

TEST(Call, AnUnprovenRealmIsAskedForNothingButTheProof) {
  Evaluation script({Message(Answer())});
  script.account[0].unproven = absl::DataLossError("it has not proven itself");
  EXPECT_EQ(FailureKindOf(Evaluate(script).status()), FailureKind::kUnproven);
  EXPECT_TRUE(script.calls.empty());
  EXPECT_TRUE(script.refused.empty()) << "no token is asked for either";
  Script<wire::AttestResponse> proof({Message(wire::AttestResponse())});
  proof.account[0].unproven = absl::DataLossError("it has not proven itself");
  EXPECT_TRUE(
      proof.Run([&](Scope& scope) { return Call(scope, proof.account, 0, wire::AttestRequest()); }).ok());
}

TEST(Call, AnAnswerThatIsNoMessageIsAnError) {
  Evaluation script({Ok({0x0A})});
  EXPECT_TRUE(absl::IsInternal(Evaluate(script).status()));
}

absl::StatusOr<wire::ActivateResponse> Activate(Activation& script, const Signer& signer) {
  return script.Run([&](Scope& scope) {
    wire::ActivateRequest request;
    request.record = "main";
    request.version = 3;
    return SignedCall(scope, script.account, 0, Operation::kActivate, ActivateBody("main", 3), signer,
                      request);
  });
}

TEST(SignedCall, IsSignedAgainOverANewChallengeAfterALostAnswer) {
  Activation script(
      {Challenge(1), Error(absl::UnavailableError("lost")), Challenge(2), Message(wire::ActivateResponse())});
  const DeviceKey device = DeviceKey::Make();
  EXPECT_TRUE(Activate(script, KeyAtHand(device)).ok());
  ASSERT_EQ(script.calls.size(), 4U);
  for (const size_t i : {1U, 3U}) {
    const auto request = wire::Decode<wire::ActivateRequest>(script.calls[i].body);
    ASSERT_TRUE(request && request->authorization);
    const Bytes challenge(32, i == 1 ? 1 : 2);
    EXPECT_EQ(request->authorization->challenge, challenge);
    EXPECT_EQ(std::get<Bytes>(request->authorization->signer), ToBytes(device.public_key().DeviceId()));
    const Bytes message =
        RequestBytes({kOslo, "chat", "alice"}, Operation::kActivate, challenge, ActivateBody("main", 3));
    EXPECT_TRUE(device.public_key().Verify(message, request->authorization->signature));
  }
}

TEST(SignedCall, AskTheHostWhereTheKeyIsThere) {
  Activation script({Challenge(1), Message(wire::ActivateResponse())});
  EXPECT_TRUE(Activate(script, KeyOfHost({9})).ok());
  ASSERT_EQ(script.signs.size(), 1U);
  EXPECT_EQ(script.signs[0], RequestBytes({kOslo, "chat", "alice"}, Operation::kActivate, Bytes(32, 1),
                                          ActivateBody("main", 3)));
  EXPECT_EQ(wire::Decode<wire::ActivateRequest>(script.calls[1].body)->authorization->signature,
            Bytes(64, 0x55));
}

TEST(SignedCall, AChallengeOfAnotherLengthIsRefused) {
  wire::GetChallengeResponse response;
  response.challenge = Bytes(31, 1);
  Activation script({Message(response)});
  EXPECT_TRUE(absl::IsInternal(Activate(script, KeyOfHost({9})).status()));
  EXPECT_TRUE(script.signs.empty());
}

TEST(RetryPause, GrowsUpToASecond) {
  class Drawn final : public Host {
   public:
    void Random(std::span<uint8_t> to) override { std::ranges::fill(to, byte); }
    int64_t UnixMillis() override { return 0; }
    uint8_t byte = 0;
  } host;
  for (int byte = 0; byte <= 0xFF; ++byte) {
    host.byte = static_cast<uint8_t>(byte);
    EXPECT_GE(RetryPauseMs(host, 0), 1);
    EXPECT_LE(RetryPauseMs(host, 0), 50);
    EXPECT_LE(RetryPauseMs(host, 2), 200);
    EXPECT_LE(RetryPauseMs(host, 100), 1000);
  }
  host.byte = 3;  // 0x03030303 is 531 mod 1000 and 31 mod 50
  EXPECT_EQ(RetryPauseMs(host, 0), 1 + 0x03030303 % 50);
  EXPECT_EQ(RetryPauseMs(host, 100), 1 + 0x03030303 % 1000);
}

}  // namespace
}  // namespace labrec::recovery::client::core

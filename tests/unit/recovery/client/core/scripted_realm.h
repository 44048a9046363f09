#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "recovery/client/core/account.h"
#include "recovery/client/core/call.h"
#include "recovery/client/core/running.h"

// One realm whose answers are given in advance, for tests of calls.
namespace labrec::recovery::client::core {

inline const Bytes kOslo(16, 0x01), kPorto(16, 0x02);

class TestHost : public Host {
 public:
  void Random(std::span<uint8_t> to) override { std::ranges::fill(to, next_++); }
  int64_t UnixMillis() override { return 1'800'000'000'000; }

 private:
  uint8_t next_ = 7;
};

inline std::string TokenText(const std::string& audiences, const std::string& more = "") {
  const std::string claims = R"({"iss":"chat","sub":"alice","aud":)" + audiences + more + "}";
  return absl::StrCat(absl::WebSafeBase64Escape(R"({"alg":"ES256"})"), ".", absl::WebSafeBase64Escape(claims),
                      ".", absl::WebSafeBase64Escape("signature"));
}
inline std::string TokenFor(const Bytes& id, const std::string& more = "") {
  return TokenText("\"" + Hex(id) + "\"", more);
}

inline Reply Ok(Bytes body) {
  return {absl::OkStatus(), std::move(body), {}, {}};
}
template <typename M>
Reply Message(const M& message) {
  return Ok(wire::Encode(message));
}
inline Reply Error(absl::Status status) {
  return {std::move(status), {}, {}, {}};
}

// One realm, whose answers are given in advance; sees what is asked of the host.
template <typename T>
class Script {
 public:
  explicit Script(std::deque<Reply> answers) : answers_(std::move(answers)) {
    account.Add({kOslo, "oslo", "oslo:7443", "", absl::OkStatus(), std::nullopt, std::nullopt});
  }
  // Runs to the end; an order without an answer in the script is left to its deadline.
  typename Task<T>::Result Run(const std::function<Task<T>(Scope&)>& make) {
    Running<T> operation(make);
    int64_t now = 0;
    while (true) {
      Step step = operation.Next(now);
      if (std::holds_alternative<DoneStep>(step.what)) return operation.Take();
      if (const auto* pause = std::get_if<PauseStep>(&step.what)) {
        EXPECT_TRUE(pause->until_ms) << "it waits for ever";
        if (!pause->until_ms) operation.Cancel();
        now = pause->until_ms.value_or(now);
        pauses.push_back(now);
      }
      if (const auto* token = std::get_if<TokenStep>(&step.what)) {
        refused.push_back(token->refused);
        operation.Answer(step.id, Ok(ToBytes(tokens.front())));
        if (tokens.size() > 1) tokens.pop_front();
      }
      if (auto* call = std::get_if<CallStep>(&step.what)) {
        calls.push_back(*call);
        if (!answers_.empty()) {
          operation.Answer(step.id, answers_.front());
          answers_.pop_front();
        }
      }
      if (const auto* sign = std::get_if<SignStep>(&step.what)) {
        signs.push_back(sign->message);
        operation.Answer(step.id, Ok(Bytes(64, 0x55)));
      }
      cancels += std::holds_alternative<CancelStep>(step.what) ? 1 : 0;
    }
  }

  TestHost host;
  Account account{host, "chat", "alice", {}};
  std::deque<std::string> tokens{TokenFor(kOslo)};
  std::vector<CallStep> calls;
  std::vector<std::string> refused;
  std::vector<Bytes> signs;
  std::vector<int64_t> pauses;
  int cancels = 0;

 private:
  std::deque<Reply> answers_;
};

using Activation = Script<wire::ActivateResponse>;
inline Reply Challenge(uint8_t byte) {
  wire::GetChallengeResponse response;
  response.challenge = Bytes(32, byte);
  return Message(response);
}

}  // namespace labrec::recovery::client::core

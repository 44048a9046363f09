#pragma once

#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "recovery/client/core/running.h"
#include "recovery/client/core/sleep.h"
#include "recovery/client/core/wait.h"

namespace labrec::recovery::client::core {

// Asks the host for a call at this realm; comes to the answer's text.
inline Task<std::string> Ask(Scope& scope, size_t realm, std::string text,
                             std::optional<int64_t> until_ms = std::nullopt) {
  CallStep call;
  call.realm = realm;
  call.method = "Ask";
  call.body = ToBytes(text);
  Wait wait(scope, std::move(call), until_ms);
  const Reply reply = co_await wait;
  if (!reply.status.ok()) co_return reply.status;
  co_return ToString(reply.body);
}

inline Reply Says(std::string_view text) {
  return {absl::OkStatus(), ToBytes(text), {}, {}};
}

// Drives an operation by hand: collects what it wants until it pauses.
template <typename T>
class HandHost {
 public:
  explicit HandHost(Running<T>& operation) : operation_(operation) {}

  // Until the next pause or the end. "ask 0 x", "cancel 1", "until 50", "wait", "done".
  std::vector<std::string> Run(int64_t now_ms) {
    std::vector<std::string> seen;
    while (true) {
      Step step = operation_.Next(now_ms);
      seen.push_back(Describe(step));
      if (std::holds_alternative<PauseStep>(step.what) || std::holds_alternative<DoneStep>(step.what)) {
        return seen;
      }
    }
  }
  void Answer(const std::string& text, Reply reply) { operation_.Answer(ids.at(text), std::move(reply)); }

  std::map<std::string, StepId> ids;   // by what was asked; the latest
  std::map<StepId, std::string> open;  // handed out, not cancelled

 private:
  std::string Describe(const Step& step) {
    if (const auto* call = std::get_if<CallStep>(&step.what)) {
      const std::string text = ToString(call->body);
      ids[text] = step.id;
      open[step.id] = text;
      return "ask " + std::to_string(call->realm) + " " + text;
    }
    if (std::holds_alternative<CancelStep>(step.what)) {
      const std::string text = open.at(step.id);
      open.erase(step.id);
      return "cancel " + text;
    }
    if (const auto* pause = std::get_if<PauseStep>(&step.what)) {
      return pause->until_ms ? "until " + std::to_string(*pause->until_ms) : "wait";
    }
    return std::holds_alternative<DoneStep>(step.what) ? "done" : "other";
  }

  Running<T>& operation_;
};

}  // namespace labrec::recovery::client::core

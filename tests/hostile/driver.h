#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "recovery/client/core/running.h"
#include "recovery/client/core/step.h"
#include "tests/simulation/world/dice.h"

namespace labrec::hostile {

// Drives one operation of the core: time goes on when nothing else is left to do, and answers come in an
// order that the dice decide.
class Driver {
 public:
  using CallStep = recovery::client::core::CallStep;
  using TokenStep = recovery::client::core::TokenStep;
  using Reply = recovery::client::core::Reply;
  struct Due {
    int64_t after_ms = 0;
    Reply reply;
  };
  // What comes of a call, if anything does.
  using Call = std::function<std::optional<Due>(const CallStep&)>;
  using Token = std::function<std::string(const TokenStep&)>;

  Driver(sim::Dice dice, Call call, Token token)
      : dice_(dice), call_(std::move(call)), token_(std::move(token)) {}

  // Why it did not end, if it did not.
  enum class End { kDone, kWaitsForNothing, kWithoutEnd };
  template <typename T>
  End Drive(recovery::client::core::Running<T>& running) {
    return Drive(
        [&](int64_t now) { return running.Next(now); },
        [&](recovery::client::core::StepId id, Reply reply) { running.Answer(id, std::move(reply)); });
  }
  int64_t now_ms() const { return now_ms_; }

 private:
  using StepId = recovery::client::core::StepId;
  struct Open {
    StepId id = 0;
    int64_t due_ms = 0;
    Reply reply;
  };
  End Drive(const std::function<recovery::client::core::Step(int64_t)>& next,
            const std::function<void(StepId, Reply)>& answer);
  void Take(const recovery::client::core::Step& step);
  // The answer that comes now.
  std::optional<Open> Pick();

  sim::Dice dice_;
  Call call_;
  Token token_;
  int64_t now_ms_ = 0;
  std::vector<Open> open_;
};

}  // namespace labrec::hostile

#include "tests/hostile/driver.h"

#include <algorithm>
#include <variant>

namespace labrec::hostile {
namespace {

using recovery::client::core::CancelStep;
using recovery::client::core::DoneStep;
using recovery::client::core::PauseStep;
using recovery::client::core::Step;
using recovery::client::core::WorkStep;

constexpr int kMostSteps = 20'000;
constexpr int64_t kLongestMs = 3'600'000;

}  // namespace

void Driver::Take(const Step& step) {
  if (std::holds_alternative<CancelStep>(step.what)) {
    std::erase_if(open_, [&](const Open& open) { return open.id == step.id; });
  } else if (const auto* token = std::get_if<TokenStep>(&step.what)) {
    Reply reply;
    reply.body = ToBytes(token_(*token));
    open_.push_back({step.id, now_ms_, std::move(reply)});
  } else if (const auto* work = std::get_if<WorkStep>(&step.what)) {
    work->job->Run();
    open_.push_back({step.id, now_ms_, {}});
  } else if (const auto* call = std::get_if<CallStep>(&step.what)) {
    if (auto due = call_(*call)) open_.push_back({step.id, now_ms_ + due->after_ms, std::move(due->reply)});
  }
}

std::optional<Driver::Open> Driver::Pick() {
  std::vector<size_t> ripe;
  for (size_t i = 0; i < open_.size(); ++i) {
    if (open_[i].due_ms <= now_ms_) ripe.push_back(i);
  }
  if (ripe.empty()) return std::nullopt;
  const auto at = open_.begin() + static_cast<ptrdiff_t>(ripe[dice_.Below(ripe.size())]);
  Open open = std::move(*at);
  open_.erase(at);
  return open;
}

Driver::End Driver::Drive(const std::function<Step(int64_t)>& next,
                          const std::function<void(StepId, Reply)>& answer) {
  for (int i = 0; i < kMostSteps && now_ms_ < kLongestMs; ++i) {
    const Step step = next(now_ms_);
    if (std::holds_alternative<DoneStep>(step.what)) return End::kDone;
    const auto* pause = std::get_if<PauseStep>(&step.what);
    if (pause == nullptr) {
      Take(step);
      continue;
    }
    if (auto open = Pick()) {
      answer(open->id, std::move(open->reply));
      continue;
    }
    std::optional<int64_t> until = pause->until_ms;
    for (const Open& open : open_) until = std::min(until.value_or(open.due_ms), open.due_ms);
    if (!until) return End::kWaitsForNothing;
    now_ms_ = std::max(now_ms_, *until);
  }
  return End::kWithoutEnd;
}

}  // namespace labrec::hostile

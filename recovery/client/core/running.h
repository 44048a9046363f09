#pragma once

#include <cstdint>
#include <utility>

#include "recovery/client/core/flow.h"
#include "recovery/client/core/scope.h"
#include "recovery/client/core/task.h"

namespace labrec::recovery::client::core {

// One operation under way, as its host sees it:
//
//   Running<Recovered> operation([&](Scope& scope) { return Recover(scope, ...); });
//   while (true) {
//     Step step = operation.Next(now_ms);           // until a pause or the end
//     ... operation.Answer(step.id, reply);         // when there is one, in any order
//   }
//   operation.result();
//
// Destroying it ends it, whatever it waits for: the host drops its orders, and whoever runs a job runs it to
// its end for nobody. May be driven by any thread, one call at a time.
template <typename T>
class Running {
 public:
  // `make(scope)` gives the operation's task. What the task refers to outlives the operation.
  template <typename Make>
  explicit Running(Make make) : scope_(flow_), task_(make(scope_)) {
    task_.Start(flow_, nullptr);
  }

  Step Next(int64_t now_ms) {
    Step step = flow_.Next(now_ms);
    if (std::holds_alternative<PauseStep>(step.what) && done()) step.what = DoneStep{};
    return step;
  }
  void Answer(StepId id, Reply reply) { flow_.Answer(id, std::move(reply)); }
  // Cancels for all that is under way come next, then the end.
  void Cancel() { scope_.Cancel(); }

  bool done() const { return task_.done(); }
  // Once done().
  typename Task<T>::Result Take() { return task_.Take(); }

 private:
  Flow flow_;
  Scope scope_;
  Task<T> task_;  // ends first
};

}  // namespace labrec::recovery::client::core

#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "recovery/client/core/step.h"
#include "recovery/client/core/timer.h"

namespace labrec::recovery::client::core {

class Frame;  // task.h
class Wait;   // wait.h

// What one operation waits for, and what is ready to go on. Coroutines are resumed by Drain() alone and one
// at a time, never from within another: whoever ends a wait, or destroys what waits, is not inside of it.
//
// Deterministic: the order of answers, times and random bytes decides everything. No thread, no lock, no
// clock of its own. Outlives all frames that were started on it. One thread at a time.
class Flow {
 public:
  Flow() = default;
  ~Flow();
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

  // For the host (running.h). Goes on as far as answers and time allow, and says what is to be done next:
  // cancels first, then orders, each once; a pause when there is none. A time before an earlier one counts as
  // that one.
  Step Next(int64_t now_ms);
  // Takes the answer to an order; the next Next() goes on with it. An answer to anything else is dropped.
  void Answer(StepId id, Reply reply);

  // For coroutines.
  int64_t now_ms() const { return now_ms_; }
  // This long after now, however long that is.
  int64_t After(int64_t ms) const;
  // Makes the frame go on. Queued twice before it did is queued once.
  void Queue(Frame& frame);
  void Forget(Frame& frame);

 private:
  friend class Timer;
  friend class Wait;
  using TimerKey = std::pair<int64_t, uint64_t>;  // when, and which was armed first

  void Drain();
  void FireTimers();
  StepId Begin(Wait& wait);
  void End(Wait& wait);

  int64_t now_ms_ = 0;
  bool draining_ = false;
  StepId last_id_ = 0;
  uint64_t timers_armed_ = 0;
  std::deque<Frame*> ready_;
  std::map<TimerKey, Timer*> timers_;
  std::map<StepId, Wait*> waiting_;  // for an answer
  std::deque<StepId> orders_;        // of those, which the host does not know yet
  std::deque<StepId> cancels_;
};

}  // namespace labrec::recovery::client::core

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <pthread.h>

#include "tests/simulation/world/dice.h"
#include "tests/simulation/world/trace.h"

namespace labrec::sim {

inline constexpr int64_t kNever = INT64_MAX;
inline constexpr int64_t kMilli = 1'000'000;  // nanoseconds

// Runs the threads of a program one at a time, in an order drawn from a seed, in simulated time.
//
// The threads are real ones, made by unchanged code: interposed_threads.cc brings every lock, condition
// variable, future, thread start, sleep and clock of theirs here. A thread runs until it waits, or until a
// point where another might have come before it (a lock about to be taken, a system call, a device command)
// and the dice say so. Time stands still while anybody can run, but for a tick at each change; when all wait,
// it jumps to the next deadline. If there is none, that is a deadlock: the program says so and ends.
class Scheduler {
 public:
  // `preempt_per_mille`: how often a thread is interrupted where it might be.
  Scheduler(Dice dice, Trace& trace, uint32_t preempt_per_mille);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // The calling thread becomes thread 0 and runs `body`, which joins every thread that it starts.
  void Run(const std::function<void()>& body);

  // The scheduler of the calling thread, if that is a simulated one; else null.
  static Scheduler* Mine();

  // Simulated nanoseconds; begins at a moment of the year 2026.
  int64_t now() const { return now_; }
  size_t self() const;
  // What the calling thread belongs to; a thread that it starts inherits it.
  int process() const;
  void set_process(int process);

  void MayPreempt();
  void Sleep(int64_t nanos);
  // Waits for Wake(on). False if `deadline` came first.
  bool Wait(const void* on, int64_t deadline = kNever);
  // Wakes all who wait on it, or one of them.
  void WakeAll(const void* on);
  void WakeOne(const void* on);

  int Create(pthread_t* made, const pthread_attr_t* attributes, void* (*run)(void*), void* argument);
  int Join(pthread_t thread, void** result);

  void Say(const std::string& text) const { trace_.Say(text); }
  void Note(const char* what, uint64_t a = 0, uint64_t b = 0) { trace_.Event(now_, self(), what, a, b); }

 private:
  struct Thread;
  static void* Begin(void* thread);
  static thread_local Thread* mine_;

  Thread& Pick();
  void Advance();
  void SwitchTo(Thread& next);
  void Resume();
  void End(Thread& thread);
  [[noreturn]] void GiveUp(const char* why);

  Dice dice_;
  Trace& trace_;
  const uint32_t preempt_per_mille_;
  int64_t now_;
  uint64_t changes_ = 0;
  std::vector<std::unique_ptr<Thread>> threads_;
  Thread* ended_ = nullptr;  // not gone yet: who runs next sees to it
};

}  // namespace labrec::sim

#include "tests/simulation/world/scheduler.h"

#include <cstdio>
#include <cstdlib>

#include <linux/futex.h>
#include <openssl/crypto.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/simulation/world/real_calls.h"

namespace labrec::sim {
namespace {

constexpr int64_t kStart = 1'790'000'000'000'000'000;  // Unix nanoseconds
constexpr int64_t kTick = 200;
constexpr uint64_t kMostChanges = 20'000'000;

long Futex(std::atomic<uint32_t>& word, int operation, uint32_t value) {
  return syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), operation | FUTEX_PRIVATE_FLAG, value,
                 nullptr, nullptr, 0);
}

void JoinReally(pthread_t thread) {
  static const auto real = Real<int (*)(pthread_t, void**)>("pthread_join");
  real(thread, nullptr);
}

}  // namespace

struct Scheduler::Thread {
  enum class State { kRunnable, kWaiting, kFinished };
  Scheduler* owner = nullptr;
  size_t index = 0;
  int process = 0;
  State state = State::kRunnable;
  const void* on = nullptr;
  int64_t deadline = kNever;
  bool timed_out = false;
  std::atomic<uint32_t> go = 0;
  pthread_t real{};
  void* (*run)(void*) = nullptr;
  void* argument = nullptr;
  void* result = nullptr;
};

thread_local Scheduler::Thread* Scheduler::mine_ = nullptr;

Scheduler::Scheduler(Dice dice, Trace& trace, uint32_t preempt_per_mille)
    : dice_(dice), trace_(trace), preempt_per_mille_(preempt_per_mille), now_(kStart) {}

Scheduler::~Scheduler() = default;

Scheduler* Scheduler::Mine() {
  return mine_ == nullptr ? nullptr : mine_->owner;
}

size_t Scheduler::self() const {
  return mine_->index;
}
int Scheduler::process() const {
  return mine_->process;
}
void Scheduler::set_process(int process) {
  mine_->process = process;
}

void Scheduler::Run(const std::function<void()>& body) {
  threads_.push_back(std::make_unique<Thread>());
  threads_[0]->owner = this;
  mine_ = threads_[0].get();
  body();
  for (const auto& thread : threads_) {
    if (thread->index != 0 && thread->state != Thread::State::kFinished) GiveUp("a thread was never joined");
  }
  mine_ = nullptr;
}

void Scheduler::GiveUp(const char* why) {
  std::printf("SIMULATION STOPPED, %s: %s\n", trace_.name().c_str(), why);
  for (const auto& thread : threads_) {
    const char* states[] = {"runnable", "waiting", "finished"};
    std::printf("  thread %zu of process %d: %s\n", thread->index, thread->process,
                states[static_cast<int>(thread->state)]);
  }
  std::fflush(stdout);
  _exit(3);
}

// When nobody can run, time passes until somebody's patience ends.
void Scheduler::Advance() {
  int64_t next = kNever;
  for (const auto& thread : threads_) {
    if (thread->state == Thread::State::kWaiting && thread->deadline < next) next = thread->deadline;
  }
  if (next == kNever) GiveUp("deadlock: every thread waits, and none for a time");
  if (next > now_) now_ = next;
  for (const auto& thread : threads_) {
    if (thread->state != Thread::State::kWaiting || thread->deadline > now_) continue;
    thread->state = Thread::State::kRunnable;
    thread->timed_out = true;
  }
}

Scheduler::Thread& Scheduler::Pick() {
  if (++changes_ > kMostChanges) GiveUp("no end in sight");
  now_ += kTick;
  while (true) {
    size_t runnable = 0;
    for (const auto& thread : threads_) runnable += thread->state == Thread::State::kRunnable ? 1 : 0;
    if (runnable == 0) {
      Advance();
      continue;
    }
    uint64_t chosen = dice_.Below(runnable);
    for (const auto& thread : threads_) {
      if (thread->state == Thread::State::kRunnable && chosen-- == 0) return *thread;
    }
  }
}

void Scheduler::SwitchTo(Thread& next) {
  Thread& me = *mine_;
  if (&next == &me) return;
  trace_.Event(now_, next.index, "runs");
  next.go.store(1);
  Futex(next.go, FUTEX_WAKE, 1);
  while (me.go.exchange(0) == 0) Futex(me.go, FUTEX_WAIT, 0);
  Resume();
}

// A thread that ended still cleans up what is its own; nobody else runs until it is gone.
void Scheduler::Resume() {
  if (ended_ == nullptr) return;
  Thread& gone = *ended_;
  ended_ = nullptr;
  JoinReally(gone.real);
}

void Scheduler::MayPreempt() {
  if (dice_.Chance(preempt_per_mille_)) SwitchTo(Pick());
}

void Scheduler::Sleep(int64_t nanos) {
  Wait(nullptr, now_ + (nanos > 0 ? nanos : 1));
}

bool Scheduler::Wait(const void* on, int64_t deadline) {
  Thread& me = *mine_;
  me.state = Thread::State::kWaiting;
  me.on = on;
  me.deadline = deadline;
  me.timed_out = false;
  SwitchTo(Pick());
  me.on = nullptr;
  me.deadline = kNever;
  return !me.timed_out;
}

void Scheduler::WakeAll(const void* on) {
  for (const auto& thread : threads_) {
    if (thread->state == Thread::State::kWaiting && thread->on == on)
      thread->state = Thread::State::kRunnable;
  }
}

void Scheduler::WakeOne(const void* on) {
  size_t waiting = 0;
  for (const auto& thread : threads_) {
    waiting += thread->state == Thread::State::kWaiting && thread->on == on ? 1 : 0;
  }
  if (waiting == 0) return;
  uint64_t chosen = dice_.Below(waiting);
  for (const auto& thread : threads_) {
    if (thread->state != Thread::State::kWaiting || thread->on != on || chosen-- != 0) continue;
    thread->state = Thread::State::kRunnable;
    return;
  }
}

int Scheduler::Create(pthread_t* made, const pthread_attr_t* attributes, void* (*run)(void*),
                      void* argument) {
  static const auto real =
      Real<int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*)>("pthread_create");
  auto thread = std::make_unique<Thread>();
  thread->owner = this;
  thread->index = threads_.size();
  thread->process = process();
  thread->run = run;
  thread->argument = argument;
  const int failed = real(&thread->real, attributes, &Begin, thread.get());
  if (failed != 0) return failed;
  // Not the real name, which is another thread's as soon as this one is gone.
  *made = reinterpret_cast<pthread_t>(thread.get());
  threads_.push_back(std::move(thread));
  MayPreempt();
  return 0;
}

void* Scheduler::Begin(void* argument) {
  Thread& me = *static_cast<Thread*>(argument);
  while (me.go.exchange(0) == 0) Futex(me.go, FUTEX_WAIT, 0);
  mine_ = &me;
  me.owner->Resume();
  void* const result = me.run(me.argument);
  me.owner->End(me);
  return result;
}

void Scheduler::End(Thread& me) {
  OPENSSL_thread_stop();
  me.state = Thread::State::kFinished;
  WakeAll(&me);
  ended_ = &me;
  Thread& next = Pick();
  trace_.Event(now_, next.index, "runs");
  mine_ = nullptr;
  next.go.store(1);
  Futex(next.go, FUTEX_WAKE, 1);
}

int Scheduler::Join(pthread_t made, void** result) {
  Thread& thread = *reinterpret_cast<Thread*>(made);
  while (thread.state != Thread::State::kFinished) Wait(&thread);
  if (result != nullptr) *result = thread.result;
  return 0;
}

}  // namespace labrec::sim

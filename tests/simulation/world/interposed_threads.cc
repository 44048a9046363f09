// The names that threads wait by, taken over: calls of simulated threads go to their Scheduler, those of
// others to where they always went. What a simulated thread holds is really locked, so the locks themselves
// say whether they are free.
//
// Only locks that this program's own code takes are points of interruption: those inside OpenSSL or SQLite
// depend on what a library did earlier in the process, and would make a seed depend on the seeds before it.

#include <cerrno>
#include <ctime>

#include <bits/atomic_futex.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/simulation/world/real_calls.h"
#include "tests/simulation/world/scheduler.h"

using labrec::sim::Real;
using labrec::sim::Scheduler;

extern "C" {
extern char __executable_start;
extern char etext;
}

namespace {

constexpr const char* kConditionVersion = "GLIBC_2.3.2";

bool IsOurs(const void* caller) {
  return caller >= &__executable_start && caller < &etext;
}

int64_t Nanos(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}
timespec ToTimespec(int64_t nanos) {
  return {static_cast<time_t>(nanos / 1'000'000'000), static_cast<long>(nanos % 1'000'000'000)};
}

int Unlock(pthread_mutex_t* mutex) {
  static const auto real = Real<int (*)(pthread_mutex_t*)>("pthread_mutex_unlock");
  return real(mutex);
}

void LockSimulated(Scheduler& scheduler, pthread_mutex_t* mutex) {
  static const auto try_lock = Real<int (*)(pthread_mutex_t*)>("pthread_mutex_trylock");
  while (try_lock(mutex) == EBUSY) scheduler.Wait(mutex);
}

int WaitSimulated(Scheduler& scheduler, pthread_cond_t* condition, pthread_mutex_t* mutex, int64_t deadline) {
  Unlock(mutex);
  scheduler.WakeAll(mutex);
  const bool woken = scheduler.Wait(condition, deadline);
  LockSimulated(scheduler, mutex);
  return woken ? 0 : ETIMEDOUT;
}

bool FutexWait(unsigned* word, unsigned value, bool has_deadline, int64_t deadline) {
  if (Scheduler* scheduler = Scheduler::Mine()) {
    if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != value) return true;
    return scheduler->Wait(word, has_deadline ? deadline : labrec::sim::kNever);
  }
  // Threads that are not simulated wait without an end only.
  syscall(SYS_futex, word, FUTEX_WAIT, value, nullptr, nullptr, 0);
  return true;
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) int pthread_create(pthread_t* made, const pthread_attr_t* attributes,
                                                          void* (*run)(void*), void* argument) {
  static const auto real =
      Real<int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*)>("pthread_create");
  Scheduler* scheduler = Scheduler::Mine();
  return scheduler == nullptr ? real(made, attributes, run, argument)
                              : scheduler->Create(made, attributes, run, argument);
}

__attribute__((visibility("default"))) int pthread_join(pthread_t thread, void** result) {
  static const auto real = Real<int (*)(pthread_t, void**)>("pthread_join");
  Scheduler* scheduler = Scheduler::Mine();
  return scheduler == nullptr ? real(thread, result) : scheduler->Join(thread, result);
}

__attribute__((visibility("default"))) int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  static const auto real = Real<int (*)(pthread_mutex_t*)>("pthread_mutex_lock");
  Scheduler* scheduler = Scheduler::Mine();
  if (scheduler == nullptr) return real(mutex);
  if (IsOurs(__builtin_return_address(0))) scheduler->MayPreempt();
  LockSimulated(*scheduler, mutex);
  return 0;
}

__attribute__((visibility("default"))) int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept {
  const int result = Unlock(mutex);
  if (Scheduler* scheduler = Scheduler::Mine()) scheduler->WakeAll(mutex);
  return result;
}

__attribute__((visibility("default"))) int pthread_rwlock_rdlock(pthread_rwlock_t* lock) noexcept {
  static const auto real = Real<int (*)(pthread_rwlock_t*)>("pthread_rwlock_rdlock");
  static const auto attempt = Real<int (*)(pthread_rwlock_t*)>("pthread_rwlock_tryrdlock");
  Scheduler* scheduler = Scheduler::Mine();
  if (scheduler == nullptr) return real(lock);
  if (IsOurs(__builtin_return_address(0))) scheduler->MayPreempt();
  while (attempt(lock) == EBUSY) scheduler->Wait(lock);
  return 0;
}

__attribute__((visibility("default"))) int pthread_rwlock_wrlock(pthread_rwlock_t* lock) noexcept {
  static const auto real = Real<int (*)(pthread_rwlock_t*)>("pthread_rwlock_wrlock");
  static const auto attempt = Real<int (*)(pthread_rwlock_t*)>("pthread_rwlock_trywrlock");
  Scheduler* scheduler = Scheduler::Mine();
  if (scheduler == nullptr) return real(lock);
  if (IsOurs(__builtin_return_address(0))) scheduler->MayPreempt();
  while (attempt(lock) == EBUSY) scheduler->Wait(lock);
  return 0;
}

__attribute__((visibility("default"))) int pthread_rwlock_unlock(pthread_rwlock_t* lock) noexcept {
  static const auto real = Real<int (*)(pthread_rwlock_t*)>("pthread_rwlock_unlock");
  const int result = real(lock);
  if (Scheduler* scheduler = Scheduler::Mine()) scheduler->WakeAll(lock);
  return result;
}

__attribute__((visibility("default"))) int pthread_cond_wait(pthread_cond_t* condition,
                                                             pthread_mutex_t* mutex) {
  static const auto real =
      Real<int (*)(pthread_cond_t*, pthread_mutex_t*)>("pthread_cond_wait", kConditionVersion);
  Scheduler* scheduler = Scheduler::Mine();
  return scheduler == nullptr ? real(condition, mutex)
                              : WaitSimulated(*scheduler, condition, mutex, labrec::sim::kNever);
}

__attribute__((visibility("default"))) int pthread_cond_timedwait(pthread_cond_t* condition,
                                                                  pthread_mutex_t* mutex,
                                                                  const timespec* until) {
  static const auto real = Real<int (*)(pthread_cond_t*, pthread_mutex_t*, const timespec*)>(
      "pthread_cond_timedwait", kConditionVersion);
  Scheduler* scheduler = Scheduler::Mine();
  return scheduler == nullptr ? real(condition, mutex, until)
                              : WaitSimulated(*scheduler, condition, mutex, Nanos(*until));
}

__attribute__((visibility("default"))) int pthread_cond_clockwait(pthread_cond_t* condition,
                                                                  pthread_mutex_t* mutex, clockid_t clock,
                                                                  const timespec* until) {
  static const auto real =
      Real<int (*)(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*)>("pthread_cond_clockwait");
  Scheduler* scheduler = Scheduler::Mine();
  return scheduler == nullptr ? real(condition, mutex, clock, until)
                              : WaitSimulated(*scheduler, condition, mutex, Nanos(*until));
}

__attribute__((visibility("default"))) int pthread_cond_signal(pthread_cond_t* condition) noexcept {
  static const auto real = Real<int (*)(pthread_cond_t*)>("pthread_cond_signal", kConditionVersion);
  Scheduler* scheduler = Scheduler::Mine();
  if (scheduler == nullptr) return real(condition);
  scheduler->WakeOne(condition);
  return 0;
}

__attribute__((visibility("default"))) int pthread_cond_broadcast(pthread_cond_t* condition) noexcept {
  static const auto real = Real<int (*)(pthread_cond_t*)>("pthread_cond_broadcast", kConditionVersion);
  Scheduler* scheduler = Scheduler::Mine();
  if (scheduler == nullptr) return real(condition);
  scheduler->WakeAll(condition);
  return 0;
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, timespec* time) noexcept {
  static const auto real = Real<int (*)(clockid_t, timespec*)>("clock_gettime");
  Scheduler* scheduler = Scheduler::Mine();
  if (scheduler == nullptr) return real(clock, time);
  *time = ToTimespec(scheduler->now());
  return 0;
}

__attribute__((visibility("default"))) int gettimeofday(timeval* time, void* zone) noexcept {
  static const auto real = Real<int (*)(timeval*, void*)>("gettimeofday");
  Scheduler* scheduler = Scheduler::Mine();
  if (scheduler == nullptr) return real(time, zone);
  *time = {static_cast<time_t>(scheduler->now() / 1'000'000'000),
           static_cast<suseconds_t>(scheduler->now() / 1000 % 1'000'000)};
  return 0;
}

__attribute__((visibility("default"))) int nanosleep(const timespec* time, timespec* rest) {
  static const auto real = Real<int (*)(const timespec*, timespec*)>("nanosleep");
  Scheduler* scheduler = Scheduler::Mine();
  if (scheduler == nullptr) return real(time, rest);
  scheduler->Sleep(Nanos(*time));
  return 0;
}

__attribute__((visibility("default"))) int usleep(useconds_t micros) {
  const timespec time = ToTimespec(int64_t{micros} * 1000);
  return nanosleep(&time, nullptr);
}

}  // extern "C"

// std::future waits by these (libstdc++, bits/atomic_futex.h).
namespace std {

bool __atomic_futex_unsigned_base::_M_futex_wait_until(unsigned* word, unsigned value, bool has_deadline,
                                                       chrono::seconds seconds, chrono::nanoseconds nanos) {
  return FutexWait(word, value, has_deadline, (seconds + nanos).count());
}

bool __atomic_futex_unsigned_base::_M_futex_wait_until_steady(unsigned* word, unsigned value,
                                                              bool has_deadline, chrono::seconds seconds,
                                                              chrono::nanoseconds nanos) {
  return FutexWait(word, value, has_deadline, (seconds + nanos).count());
}

void __atomic_futex_unsigned_base::_M_futex_notify_all(unsigned* word) {
  if (Scheduler* scheduler = Scheduler::Mine()) return scheduler->WakeAll(word);
  syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, nullptr, nullptr, 0);
}

}  // namespace std

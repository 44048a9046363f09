#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>

namespace labrec::recovery::postgres {

// How long the writing thread waits for the server: as long as it takes, or until it is told to give up. It
// says what it waits for once that has lasted a second. Threads: the waits from one; all else from any.
class Patience {
 public:
  Patience();
  ~Patience();
  Patience(const Patience&) = delete;
  Patience& operator=(const Patience&) = delete;

  // A wait begins; `what` is said where it lasts.
  void Begin(std::string what);
  void End();

  // Waits until something can be read from the socket. False: given up.
  bool WaitFor(int socket);
  // Waits for this long. False: given up.
  bool Pause(std::chrono::milliseconds length);

  void GiveUp();
  bool given_up() const { return given_up_; }
  std::string waits_for() const;

 private:
  using Clock = std::chrono::steady_clock;
  int given_up_event_;  // an eventfd
  std::atomic<bool> given_up_ = false;
  mutable std::mutex mutex_;
  std::string what_;
  Clock::time_point since_;
};

}  // namespace labrec::recovery::postgres

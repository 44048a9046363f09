#pragma once

#include <chrono>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace labrec::admin {

// What ends "dev": SIGINT, SIGTERM and SIGHUP, which are blocked from its making on, and the end of the
// process that started this one, if there is one here. One thread; one of it in a process.
class Stopping {
 public:
  static absl::StatusOr<Stopping> Watch();
  Stopping(Stopping&& other) noexcept;
  Stopping& operator=(Stopping&&) = delete;
  ~Stopping();

  // Waits until one of `descriptors` is readable, whose place is the answer; one below 0 is passed over.
  // CANCELLED: something of the above came. DEADLINE_EXCEEDED: nothing did within `patience`.
  absl::StatusOr<size_t> Await(std::span<const int> descriptors, std::chrono::milliseconds patience) const;

 private:
  Stopping(int signals, int parent) : signals_(signals), parent_(parent) {}

  int signals_;  // signalfd(2)
  int parent_;   // pidfd_open(2); -1: it lives outside of this container
};

// For Await: as long as it takes.
constexpr std::chrono::milliseconds kForEver{-1};

}  // namespace labrec::admin

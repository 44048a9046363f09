#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "absl/status/statusor.h"

namespace labrec::admin {

// A program to start. It gets this process's environment and `environment` besides, nothing on standard
// input, and `log` for both outputs; without a log, all three as this process has them.
struct ProgramToRun {
  std::vector<std::string> words;
  std::map<std::string, std::string> environment = {};
  std::filesystem::path log = {};
  std::filesystem::path output = {};  // for standard output alone; empty: the log
  std::vector<int> kept = {};         // descriptors that it gets under the same numbers
};

// A process below this one. One with a log is in a group of its own, so that a key on the terminal reaches
// this process only. It is killed when this one dies, however. One thread: the one that
// started it lives as long as it does.
class Child {
 public:
  // What a program ends with that there is not, or that cannot be run.
  static constexpr int kCannotBeRun = 127;

  static absl::StatusOr<Child> Start(const ProgramToRun& program);
  Child(Child&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), ended_(std::exchange(other.ended_, -1)), code_(other.code_) {}
  Child& operator=(Child&&) = delete;
  ~Child();  // Stop

  pid_t pid() const { return pid_; }
  // Readable once it has ended; closed by End and Stop.
  int ended() const { return ended_; }
  bool running() const { return pid_ > 0; }

  // Waits for its end. What the shell would say: its code, or 128 and the signal.
  int End();
  // SIGTERM, and End.
  void Stop();

 private:
  Child(pid_t pid, int ended) : pid_(pid), ended_(ended) {}

  pid_t pid_;
  int ended_;  // pidfd_open(2)
  int code_ = 0;
};

}  // namespace labrec::admin

#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "absl/status/statusor.h"

namespace labrec::test {

// A program of ours that a test runs: killed when this object ends, or when the thread that started it does.
class ChildProcess {
 public:
  struct Options {
    std::vector<std::string> command;                // command[0] is looked up in PATH
    std::map<std::string, std::string> environment;  // besides the test's own
    std::filesystem::path log;                       // standard output and error are appended here
  };
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const Options& options);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  // False once it ended by itself or was killed.
  bool Running();
  // SIGKILL, and waits for the end.
  void Kill();
  // SIGTERM, and waits at most `patience`. The exit status (128 + signal if a signal ended it),
  // DEADLINE_EXCEEDED if it goes on.
  absl::StatusOr<int> Terminate(std::chrono::seconds patience);
  // Waits for the end without a signal.
  absl::StatusOr<int> Wait(std::chrono::seconds patience);

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}
  pid_t pid_;
  bool ended_ = false;
  int status_ = 0;
};

}  // namespace labrec::test

#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace labrec::cli {

// One line on a terminal that is drawn over itself, at most ten times a second. Silent if `fd` is no
// terminal.
class ProgressBar {
 public:
  ProgressBar(int fd, std::string what);
  // Ends the line, if one was drawn.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // `total` 0: unknown.
  void Show(uint64_t done, uint64_t total, const std::string& detail);

  // "[#####.....] 50 % detail"; 20 columns of bar.
  static std::string Line(uint64_t done, uint64_t total, const std::string& detail);

 private:
  int fd_;
  bool terminal_;
  bool drawn_ = false;
  std::string what_;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace labrec::cli

#include "tools/cli/progress_bar.h"

#include <algorithm>

#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace labrec::cli {
namespace {

constexpr uint64_t kColumns = 20;

void Put(int fd, const std::string& text) {
  (void)!write(fd, text.data(), text.size());
}

}  // namespace

ProgressBar::ProgressBar(int fd, std::string what)
    : fd_(fd), terminal_(isatty(fd) == 1), what_(std::move(what)) {}

ProgressBar::~ProgressBar() {
  if (drawn_) Put(fd_, "\n");
}

std::string ProgressBar::Line(uint64_t done, uint64_t total, const std::string& detail) {
  if (total == 0) return std::to_string(done) + " " + detail;
  const uint64_t shown = std::min(done, total);
  const uint64_t filled = shown * kColumns / total;
  std::string bar(kColumns, '.');
  std::fill_n(bar.begin(), filled, '#');
  return absl::StrCat("[", bar, "] ", shown * 100 / total, " % ", detail);
}

void ProgressBar::Show(uint64_t done, uint64_t total, const std::string& detail) {
  const auto now = std::chrono::steady_clock::now();
  const bool due = now - last_ >= std::chrono::milliseconds(100) || done == total;
  if (!terminal_ || !due) return;
  last_ = now;
  drawn_ = true;
  Put(fd_, absl::StrCat("\r\x1b[K", what_, " ", Line(done, total, detail)));
}

}  // namespace labrec::cli

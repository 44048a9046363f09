#include "tests/support/process/other_process.h"

#include <chrono>
#include <csignal>
#include <fstream>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"

namespace labrec::test {
namespace {

constexpr std::chrono::milliseconds kPollEvery{1};

// proc(5): the state of the main thread follows the
// name, which stands in brackets.
bool StandsStill(pid_t process) {
  std::ifstream file(absl::StrCat("/proc/", process, "/stat"));
  std::string line;
  if (!std::getline(file, line)) return true;  // it is gone
  const size_t end = line.rfind(')');
  return end == line.npos || end + 2 >= line.size() || line[end + 2] == 'T' || line[end + 2] == 'Z';
}

}  // namespace

void KillFromAside(pid_t process) {
  if (process > 0) kill(process, SIGKILL);
}

void TerminateFromAside(pid_t process) {
  if (process > 0) kill(process, SIGTERM);
}

void Freeze(pid_t process) {
  if (process <= 0 || kill(process, SIGSTOP) != 0) return;
  while (!StandsStill(process)) std::this_thread::sleep_for(kPollEvery);
}

void Thaw(pid_t process) {
  if (process > 0) kill(process, SIGCONT);
}

}  // namespace labrec::test

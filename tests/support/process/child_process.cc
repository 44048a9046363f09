#include "tests/support/process/child_process.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace labrec::test {
namespace {

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> Environment(const std::map<std::string, std::string>& more) {
  std::vector<std::string> words;
  for (char** word = environ; *word != nullptr; ++word) {
    const std::string text = *word;
    if (!more.contains(text.substr(0, text.find('=')))) words.push_back(text);
  }
  for (const auto& [name, value] : more) words.push_back(absl::StrCat(name, "=", value));
  return words;
}

// Runs in the child between fork and exec: async-signal-safe calls only.
[[noreturn]] void Become(pid_t parent, const char* log, char* const* arguments, char* const* environment) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(125);  // the parent died before the line above
  const int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd >= 0) {
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execvpe(arguments[0], arguments, environment);
  _exit(126);
}

int ExitStatus(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(const Options& options) {
  std::vector<std::string> words = options.command;
  std::vector<std::string> variables = Environment(options.environment);
  const std::vector<char*> arguments = Pointers(words);
  const std::vector<char*> environment = Pointers(variables);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) Become(parent, options.log.c_str(), arguments.data(), environment.data());
  if (pid < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot start ", words[0], ": fork"));
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid));
}

ChildProcess::~ChildProcess() {
  Kill();
}

bool ChildProcess::Running() {
  if (!ended_ && waitpid(pid_, &status_, WNOHANG) == pid_) ended_ = true;
  return !ended_;
}

void ChildProcess::Kill() {
  if (ended_) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
  }
  ended_ = true;
}

absl::StatusOr<int> ChildProcess::Terminate(std::chrono::seconds patience) {
  if (!ended_) kill(pid_, SIGTERM);
  return Wait(patience);
}

absl::StatusOr<int> ChildProcess::Wait(std::chrono::seconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  if (ended_) return ExitStatus(status_);
  const int process = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (process < 0) return absl::ErrnoToStatus(errno, "pidfd_open");
  while (Running()) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) break;
    pollfd ended{process, POLLIN, 0};
    poll(&ended, 1, static_cast<int>(left.count()));
  }
  close(process);
  if (!ended_) return absl::DeadlineExceededError(absl::StrCat("process ", pid_, " did not end"));
  return ExitStatus(status_);
}

}  // namespace labrec::test

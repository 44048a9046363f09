#include "tools/admin/dev/child.h"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace labrec::admin {
namespace {

// What the child needs between fork and exec, made before: only calls that are safe there are left.
struct Prepared {
  std::vector<char*> words;
  std::vector<std::string> settings;
  std::vector<char*> environment;
};

Prepared Prepare(const ProgramToRun& program) {
  Prepared prepared;
  for (const std::string& word : program.words) prepared.words.push_back(const_cast<char*>(word.c_str()));
  prepared.words.push_back(nullptr);
  for (const auto& [name, value] : program.environment) {
    prepared.settings.push_back(absl::StrCat(name, "=", value));
  }
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string name = std::string(*variable).substr(0, std::string(*variable).find('='));
    if (!program.environment.contains(name)) prepared.environment.push_back(*variable);
  }
  for (std::string& setting : prepared.settings) prepared.environment.push_back(setting.data());
  prepared.environment.push_back(nullptr);
  return prepared;
}

void Redirect(const char* path, int target, int flags) {
  const int file = open(path, flags | O_CLOEXEC, 0600);
  if (file < 0) _exit(Child::kCannotBeRun);
  dup2(file, target);
}

[[noreturn]] void Become(const ProgramToRun& program, const Prepared& prepared, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(Child::kCannotBeRun);  // it died before the line above
  if (!program.log.empty()) {
    constexpr int kAppend = O_WRONLY | O_CREAT | O_APPEND;
    setpgid(0, 0);
    Redirect("/dev/null", STDIN_FILENO, O_RDONLY);
    Redirect(program.log.c_str(), STDERR_FILENO, kAppend);
    Redirect((program.output.empty() ? program.log : program.output).c_str(), STDOUT_FILENO, kAppend);
  }
  for (const int kept : program.kept) fcntl(kept, F_SETFD, 0);
  for (const int of_output : {SIGPIPE, SIGXFSZ}) std::signal(of_output, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execvpe(prepared.words[0], prepared.words.data(), prepared.environment.data());
  _exit(Child::kCannotBeRun);
}

}  // namespace

absl::StatusOr<Child> Child::Start(const ProgramToRun& program) {
  const Prepared prepared = Prepare(program);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) Become(program, prepared, parent);
  if (pid < 0) return absl::ErrnoToStatus(errno, "starting " + program.words[0]);
  const int ended = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  Child child(pid, ended);
  if (ended < 0) return absl::ErrnoToStatus(errno, "watching " + program.words[0]);
  return child;
}

Child::~Child() {
  Stop();
}

int Child::End() {
  if (pid_ <= 0) return code_;
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (ended_ >= 0) close(std::exchange(ended_, -1));
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return code_;
}

void Child::Stop() {
  if (pid_ <= 0) return;
  sigqueue(pid_, SIGTERM, {});
  End();
}

}  // namespace labrec::admin

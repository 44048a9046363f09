#include "tests/support/process/finished_command.h"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/process/temporary_folder.h"

namespace labrec::test {
namespace {

std::string Content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void Redirect(int number, const char* path, int flags) {
  const int fd = open(path, flags, 0600);
  if (fd < 0 || dup2(fd, number) != number) _exit(126);
  close(fd);
}

int WaitFor(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

FinishedCommand RunCommand(const std::vector<std::string>& command, const std::string& input,
                           const std::map<std::string, std::string>& environment) {
  const TemporaryFolder folder;
  const std::string in = folder.path() / "in", out = folder.path() / "out", err = folder.path() / "err";
  std::ofstream(in, std::ios::binary) << input;
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
    Redirect(STDIN_FILENO, in.c_str(), O_RDONLY);
    Redirect(STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT);
    Redirect(STDERR_FILENO, err.c_str(), O_WRONLY | O_CREAT);
    execvp(arguments[0], arguments.data());
    _exit(126);
  }
  FinishedCommand finished;
  finished.code = WaitFor(pid);
  finished.out = Content(out);
  finished.err = Content(err);
  return finished;
}

}  // namespace labrec::test

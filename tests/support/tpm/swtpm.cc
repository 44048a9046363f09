#include "tests/support/tpm/swtpm.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"

namespace labrec::test {
namespace {

constexpr std::chrono::seconds kReadyWithin{10};
constexpr std::chrono::milliseconds kPollEvery{2};

// Runs in the child between fork and exec: async-signal-safe calls only.
[[noreturn]] void BecomeSwtpm(pid_t parent, const std::string& log, char* const* arguments) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(125);  // the parent died before the line above
  close_range(3, ~0U, 0);  // a TCTI's sockets are inherited: what the parent closes must be closed
  const int fd = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd >= 0) {
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execvp(arguments[0], arguments);
  _exit(126);
}

// Asks over the control channel, as the swtpm TCTI will. It is answered from the main loop, when both sockets
// listen and TPM2_Startup is done; that a socket's file exists, or can be connected to, says less.
bool AnswersControl(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.string().size() >= sizeof address.sun_path) return false;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  constexpr uint8_t kGetTpmEstablished[] = {0, 0, 0, 4};  // PTM_GET_TPMESTABLISHED, swtpm_ioctls(3)
  uint8_t answer[8];
  const bool answered = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                        send(fd, kGetTpmEstablished, 4, MSG_NOSIGNAL) == 4 &&
                        recv(fd, answer, sizeof answer, 0) > 0;
  close(fd);
  return answered;
}

std::string Content(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Swtpm>> Swtpm::Start() {
  std::unique_ptr<Swtpm> tpm(new Swtpm());
  LABREC_RETURN_IF_ERROR(tpm->Launch());
  return tpm;
}

absl::StatusOr<std::unique_ptr<Swtpm>> Swtpm::StartLasting(const std::filesystem::path& folder) {
  std::unique_ptr<Swtpm> tpm(new Swtpm(folder));
  LABREC_RETURN_IF_ERROR(tpm->Launch());
  return tpm;
}

Swtpm::~Swtpm() {
  Kill();
}

void Swtpm::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

absl::Status Swtpm::Restart() {
  Kill();
  return Launch();
}

absl::Status Swtpm::Replace() {
  Kill();
  state_ = absl::StrCat("state", ++replacements_);
  return Launch();
}

absl::Status Swtpm::Launch() {
  std::filesystem::create_directories(StateDir());
  std::filesystem::remove(socket());
  const std::string control = socket().string() + ".ctrl";  // where the swtpm TCTI looks for it
  std::filesystem::remove(control);
  std::vector<std::string> words = {"swtpm",
                                    "socket",
                                    "--tpm2",
                                    "--tpmstate",
                                    "dir=" + StateDir().string(),
                                    "--server",
                                    "type=unixio,path=" + socket().string(),
                                    "--ctrl",
                                    "type=unixio,path=" + control,
                                    "--flags",
                                    "startup-clear"};
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const std::string log_path = log();
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) BecomeSwtpm(parent, log_path, arguments.data());
  if (pid_ < 0) return absl::ErrnoToStatus(errno, "cannot start swtpm: fork");
  return WaitUntilReady();
}

absl::Status Swtpm::WaitUntilReady() {
  const auto deadline = std::chrono::steady_clock::now() + kReadyWithin;
  while (!AnswersControl(socket().string() + ".ctrl")) {
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      return absl::UnavailableError(absl::StrCat("swtpm ended at once (is it installed?): ", Content(log())));
    }
    if (std::chrono::steady_clock::now() > deadline) {
      return absl::UnavailableError(absl::StrCat("swtpm did not come up: ", Content(log())));
    }
    std::this_thread::sleep_for(kPollEvery);
  }
  return absl::OkStatus();
}

}  // namespace labrec::test

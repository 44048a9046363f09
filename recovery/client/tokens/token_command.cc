#include "recovery/client/tokens/token_command.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"

extern char** environ;

namespace labrec::recovery::client {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr size_t kMostOutput = 1U << 20;
constexpr size_t kMostErrorText = 4096;
constexpr size_t kLongestQuote = 300;
// How often a cancellation is looked for.
constexpr milliseconds kLook{50};
// A program that closed its outputs is about to end.
constexpr milliseconds kUntilItEnds{2};

// The reading end of a pipe, and what came out of it. Closed by itself.
class Drain {
 public:
  Drain() = default;
  Drain(const Drain&) = delete;
  Drain& operator=(const Drain&) = delete;
  ~Drain() { Close(); }

  // The writing end, for the child; -1 if there is no pipe to be had.
  int Open() {
    std::array<int, 2> ends{-1, -1};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return -1;
    fd_ = ends[0];
    fcntl(fd_, F_SETFL, O_NONBLOCK);
    return ends[1];
  }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  // Reads what is there; closes at the end.
  void Read() {
    std::array<char, 4096> bytes{};
    for (;;) {
      const ssize_t size = read(fd_, bytes.data(), bytes.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < 0 && errno == EAGAIN) return;
      if (size <= 0) return Close();
      text_.append(bytes.data(), static_cast<size_t>(size));
      if (text_.size() > kMostOutput) return;
    }
  }
  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  std::string& text() { return text_; }

 private:
  int fd_ = -1;
  std::string text_;
};

// A program under way. Its group is killed and its end waited for when this goes.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  // Its status as wait(2) has it, if it ended.
  bool Ended(int& status) {
    const pid_t ended = waitpid(pid_, &status, WNOHANG);
    if (ended == 0 || (ended < 0 && errno == EINTR)) return false;
    kill(-pid_, SIGKILL);  // what it may have left behind
    pid_ = -1;
    return true;
  }

 private:
  pid_t pid_;
};

// posix_spawn's two argument objects.
class SpawnSettings {
 public:
  SpawnSettings(int out, int err) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, err, STDERR_FILENO);
    posix_spawnattr_init(&attributes_);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  int Spawn(pid_t& pid, const std::vector<char*>& words) const {
    return posix_spawnp(&pid, words[0], &actions_, &attributes_, words.data(), environ);
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

absl::StatusOr<pid_t> Start(std::vector<std::string> words, Drain& out, Drain& err) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int out_end = out.Open();
  const int err_end = err.Open();
  pid_t pid = -1;
  const int error =
      out_end < 0 || err_end < 0 ? EMFILE : SpawnSettings(out_end, err_end).Spawn(pid, arguments);
  for (const int end : {out_end, err_end}) {
    if (end >= 0) close(end);
  }
  if (error == 0) return pid;
  return absl::UnauthenticatedError(
      absl::StrCat("token command ", words.front(), " cannot be started: ", std::strerror(error)));
}

// The last line that is not empty, fit to be shown.
std::string LastLine(std::string text) {
  text.erase(text.find_last_not_of(" \r\n") + 1);
  text.erase(0, text.find_last_of('\n') + 1);
  text.resize(std::min(text.size(), kLongestQuote));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) c = '?';
  }
  return text;
}

absl::Status CheckEnd(const std::string& program, int status, const std::string& complaint) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  const std::string said = LastLine(complaint);
  return absl::UnauthenticatedError(
      absl::StrCat("token command ", program,
                   WIFEXITED(status) ? absl::StrCat(" ended with exit code ", WEXITSTATUS(status))
                                     : absl::StrCat(" was ended by signal ", WTERMSIG(status)),
                   said.empty() ? ", and wrote nothing to standard error" : absl::StrCat(": ", said)));
}

// Reads what comes within a moment.
void WaitForMore(Drain& out, Drain& err) {
  std::array<pollfd, 2> ends{pollfd{out.fd(), POLLIN, 0}, pollfd{err.fd(), POLLIN, 0}};
  const bool open = out.is_open() || err.is_open();
  poll(ends.data(), ends.size(), static_cast<int>((open ? kLook : kUntilItEnds).count()));
  for (Drain* drain : {&out, &err}) {
    if (drain->is_open()) drain->Read();
  }
  if (err.text().size() > kMostErrorText) err.text().erase(0, err.text().size() - kMostErrorText);
}

}  // namespace

absl::StatusOr<std::string> RunTokenCommand(const TokenCommand& command, ByteView realm_id,
                                            const Cancelled& cancelled) {
  std::vector<std::string> words = command.words;
  if (words.empty()) return absl::InvalidArgumentError("the token command has no words");
  words.push_back(Hex(realm_id));
  Drain out, err;
  LABREC_ASSIGN_OR_RETURN(const pid_t pid, Start(words, out, err));
  Child child(pid);
  const SteadyClock::time_point end = SteadyClock::now() + command.limit;
  for (;;) {
    WaitForMore(out, err);
    int status = 0;
    if (child.Ended(status)) {
      WaitForMore(out, err);
      LABREC_RETURN_IF_ERROR(CheckEnd(words.front(), status, err.text()));
      return std::move(out.text());
    }
    if (out.text().size() > kMostOutput) {
      return absl::UnauthenticatedError(
          absl::StrCat("token command ", words.front(), " printed more than ", kMostOutput, " bytes"));
    }
    if (cancelled()) return absl::CancelledError("the token is not needed any more");
    if (SteadyClock::now() >= end) {
      return absl::UnavailableError(absl::StrCat("token command ", words.front(), " did not end within ",
                                                 command.limit.count(), " ms; try again"));
    }
  }
}

}  // namespace labrec::recovery::client

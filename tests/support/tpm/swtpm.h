#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <sys/types.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "tests/support/process/temporary_folder.h"

namespace labrec::test {

// A software TPM of its own for one test: a swtpm process with a private state folder and Unix socket.
// It ends with this object, and with the thread that started it, however that ends (PR_SET_PDEATHSIG).
class Swtpm {
 public:
  // A factory-new TPM, started and ready (TPM2_Startup done). UNAVAILABLE, with swtpm's own log, if it
  // does not come up within ten seconds.
  static absl::StatusOr<std::unique_ptr<Swtpm>> Start();
  // One whose state lies in `folder` and stays there: the same TPM as before, where one was there.
  static absl::StatusOr<std::unique_ptr<Swtpm>> StartLasting(const std::filesystem::path& folder);
  ~Swtpm();
  Swtpm(const Swtpm&) = delete;
  Swtpm& operator=(const Swtpm&) = delete;

  // SIGKILL: a power cut, without an orderly TPM2_Shutdown. Returns when the process is gone.
  void Kill();
  // Starts again on the same state. A running one is killed first.
  absl::Status Restart();
  // Kills it and starts another, factory-new TPM at the same address.
  absl::Status Replace();

  // "swtpm:path=...", for Tss2_TctiLdr_Initialize and TPM2TOOLS_TCTI.
  std::string tcti() const { return "swtpm:path=" + socket().string(); }
  std::filesystem::path socket() const { return folder_.path() / "s"; }
  std::filesystem::path StateDir() const { return folder_.path() / state_; }
  bool running() const { return pid_ > 0; }

 private:
  Swtpm() = default;
  explicit Swtpm(const std::filesystem::path& lasting) : folder_(TemporaryFolder::Lasting(lasting)) {}
  absl::Status Launch();
  absl::Status WaitUntilReady();
  std::filesystem::path log() const { return folder_.path() / "log"; }

  TemporaryFolder folder_;
  std::string state_ = "state0";
  int replacements_ = 0;
  pid_t pid_ = -1;
};

}  // namespace labrec::test

#include "tests/support/tpm/tabrmd.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"

namespace labrec::test {
namespace {

constexpr std::chrono::seconds kReadyWithin{10};
constexpr std::chrono::milliseconds kLookEvery{10};

std::string Content(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Tabrmd>> Tabrmd::Start(const Swtpm& tpm) {
  std::unique_ptr<Tabrmd> made(new Tabrmd());
  const std::filesystem::path& folder = made->folder_.path();
  LABREC_ASSIGN_OR_RETURN(made->bus_, ChildProcess::Start({{"dbus-daemon", "--session", "--nofork",
                                                            "--nosyslog", "--address=" + made->bus_address()},
                                                           {},
                                                           folder / "bus.log"}));
  const auto deadline = std::chrono::steady_clock::now() + kReadyWithin;
  while (!std::filesystem::exists(folder / "bus") && made->bus_->Running() &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kLookEvery);
  }
  const std::string path = absl::StrCat(std::getenv("PATH"), ":/usr/sbin");  // where Debian has it
  LABREC_ASSIGN_OR_RETURN(
      made->broker_, ChildProcess::Start({{"env", "PATH=" + path, "tpm2-abrmd", "--session", "--allow-root",
                                           "--tcti=" + tpm.tcti()},
                                          made->environment(),
                                          folder / "log"}));
  LABREC_RETURN_IF_ERROR(made->WaitUntilReady());
  return made;
}

// The broker takes its name on the bus once it has the TPM.
absl::Status Tabrmd::WaitUntilReady() {
  const auto deadline = std::chrono::steady_clock::now() + kReadyWithin;
  const std::filesystem::path answer = folder_.path() / "answer";
  while (broker_->Running() && std::chrono::steady_clock::now() < deadline) {
    std::filesystem::remove(answer);
    LABREC_ASSIGN_OR_RETURN(
        const auto asked,
        ChildProcess::Start(
            {{"dbus-send", "--bus=" + bus_address(), "--dest=org.freedesktop.DBus", "--print-reply",
              "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner", "string:com.intel.tss2.Tabrmd"},
             {},
             answer}));
    LABREC_RETURN_IF_ERROR(asked->Wait(kReadyWithin).status());
    if (Content(answer).find("boolean true") != std::string::npos) return absl::OkStatus();
    std::this_thread::sleep_for(kLookEvery);
  }
  return absl::UnavailableError(absl::StrCat(
      "tpm2-abrmd does not start (are tpm2-abrmd and dbus installed?): ", Content(folder_.path() / "log"),
      Content(folder_.path() / "bus.log")));
}

}  // namespace labrec::test

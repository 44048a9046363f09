#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "tests/support/process/child_process.h"
#include "tests/support/process/temporary_folder.h"
#include "tests/support/tpm/swtpm.h"

namespace labrec::test {

// tpm2-abrmd, a resource manager, in front of a software TPM: on a D-Bus session bus of its own, which
// nothing else of this machine is on. While it runs the software TPM's socket is its alone. Both processes
// end with this object.
class Tabrmd {
 public:
  // Ready when it returns: UNAVAILABLE, with its log, if it does not come up within ten seconds.
  static absl::StatusOr<std::unique_ptr<Tabrmd>> Start(const Swtpm& tpm);

  // For Tss2_TctiLdr_Initialize, in a process with these settings.
  std::string tcti() const { return "tabrmd:bus_type=session"; }
  std::map<std::string, std::string> environment() const {
    return {{"DBUS_SESSION_BUS_ADDRESS", bus_address()}};
  }

 private:
  Tabrmd() = default;
  std::string bus_address() const { return "unix:path=" + (folder_.path() / "bus").string(); }
  absl::Status WaitUntilReady();

  TemporaryFolder folder_;
  std::unique_ptr<ChildProcess> bus_;
  std::unique_ptr<ChildProcess> broker_;
};

}  // namespace labrec::test

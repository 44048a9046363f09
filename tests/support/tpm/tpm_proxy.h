#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec::test {

// Stands between a TPM's user and a swtpm and sees every command go by: to model a slow chip, a cable that is
// pulled, or an answer that is lost after the chip acted. The TPM behind it is the real one.
class TpmProxy {
 public:
  struct Command {
    uint32_t code = 0;   // TPM 2.0 part 2, 6.5.2 (TPM_CC)
    uint64_t index = 0;  // how many commands went by before
    ByteView bytes;      // the whole command
  };
  enum class Fate {
    kForward,
    kLoseCommand,  // the connection breaks before the TPM sees the command
    kLoseReply,    // the TPM acts, then the connection breaks
    kAlterReply,   // the TPM acts, and one bit of its answer's parameters is flipped on the way
  };
  // Asked for every command, from the proxy's thread; may take its time, as a slow chip does.
  using Judge = std::function<Fate(const Command&)>;

  // `upstream` is the swtpm's data socket; its control socket lies at `upstream`.ctrl.
  static absl::StatusOr<std::unique_ptr<TpmProxy>> Start(std::filesystem::path upstream, Judge judge);
  ~TpmProxy();
  TpmProxy(const TpmProxy&) = delete;
  TpmProxy& operator=(const TpmProxy&) = delete;

  std::string tcti() const { return "swtpm:path=" + socket().string(); }
  std::filesystem::path socket() const { return folder_.path() / "p"; }
  uint64_t commands() const { return commands_; }

 private:
  TpmProxy(std::filesystem::path upstream, Judge judge);
  void ServeCommands();
  void ServeControl();
  void RelayCommands(int client);
  bool RelayOne(int client, int& tpm);
  void RelayBytes(int client);

  TemporaryFolder folder_;
  std::filesystem::path upstream_;
  Judge judge_;
  std::atomic<uint64_t> commands_ = 0;
  int stop_ = -1;  // an eventfd: readable when the proxy ends
  int data_listener_ = -1;
  int control_listener_ = -1;
  std::thread data_thread_;
  std::thread control_thread_;
};

// The latencies of a discrete TPM, on top of the simulator's own: ECDH_ZGen 30 ms, HMAC 10 ms, NV_Increment
// 25 ms.
TpmProxy::Fate HardwareLatency(const TpmProxy::Command& command);

}  // namespace labrec::test

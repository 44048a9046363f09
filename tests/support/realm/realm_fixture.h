#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/ecdsa.h"
#include "tests/support/device/simulated_device.h"
#include "tests/support/net/tls_chain.h"
#include "tests/support/process/child_process.h"
#include "tests/support/process/temporary_folder.h"
#include "tests/support/token/softhsm.h"
#include "tests/support/tpm/swtpm.h"
#include "tests/support/tpm/tabrmd.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace labrec::test {

// A whole realm as an operator runs it: a simulator of its own, a folder made by `labyrinth-admin realm
// init`, and the program `labyrinth-recoveryd` on a Unix socket, or on loopback with TLS. Tenant "chat"; an
// account's first device is enrolled by its token.
class RealmFixture {
 public:
  enum class Transport { kUnixSocket, kLoopbackTls };
  enum class TpmAccess { kDirect, kResourceManager };
  struct Options {
    std::string name = "oslo";
    std::string first_device = "open";
    std::string more_configuration;  // TOML sections besides those that it writes itself
    // Lines of [policy]. Guesses do not wait for each other: tests make more of them than people do.
    std::string policy = "delays_seconds = []\n";
    std::string more_admin;  // lines of [admin]
    // Lines of [limits]. Tests and benchmarks call faster than people do; the limiter runs all the same.
    std::string limits =
        "account_per_minute = 1000000\naccount_burst = 1000000\ntenant_per_second = 1000000\n";
    std::vector<std::string> init_options;
    std::string device;  // the address of another device than the simulator
    // A folder that stays, with the realm and its software TPM: the ones that are there are used again.
    std::filesystem::path lasting;
    std::string place;  // a folder of this name holds the realm's folder and its sockets
    Transport transport = Transport::kUnixSocket;
    bool web = false;                        // the endpoint for web pages too, on a Unix socket
    std::string origins;                     // of it: TOML strings, by commas
    TlsChain chain = TlsChain::kSelfSigned;  // with kLoopbackTls
    std::string host = "localhost";          // likewise: where it listens
    // What is done to a factory-new software TPM before the realm is made on it.
    std::function<absl::Status(const Swtpm&)> prepare_tpm;
    // How the realm's programs reach a software TPM; with kResourceManager nobody else reaches it any more.
    TpmAccess tpm_access = TpmAccess::kDirect;
  };
  // Makes the realm; the daemon is not started yet.
  static absl::StatusOr<std::unique_ptr<RealmFixture>> Make(SimulatorKind kind, Options options);
  static absl::StatusOr<std::unique_ptr<RealmFixture>> Make(SimulatorKind kind) {
    return Make(kind, Options());
  }

  // A program of the same build: "labyrinth-admin".
  static std::string Program(const char* name);

  // Starts the daemon and waits until it serves. The error holds the end of its log if it ends instead.
  // FAILED_PRECONDITION while the one started last runs: whoever kills it waits for its end.
  absl::Status StartDaemon(const std::map<std::string, std::string>& environment = {});
  // Lets the next start use a device at another address, as behind a proxy.
  void SetDeviceUri(std::string uri) { device_uri_ = std::move(uri); }
  ChildProcess& daemon() { return *daemon_; }
  // Of the daemon started last, 0 before the first. A thread that kills it (a proxy that cuts the power)
  // leaves it to the test's own thread to wait for the end, with daemon().Kill() or Wait().
  pid_t DaemonPid() const { return daemon_pid_; }
  // SIGTERM; its exit status.
  absl::StatusOr<int> StopDaemon() { return daemon_->Terminate(std::chrono::seconds(20)); }

  Swtpm* swtpm() { return swtpm_.get(); }              // null on SoftHSM2
  const SoftHsm* softhsm() { return softhsm_.get(); }  // null on a TPM
  void BreakDevice();
  absl::Status RepairDevice();
  std::string device_uri() const;

  // Runs `labyrinth-admin ARGUMENTS... --json`; its standard output, or an error with its exit code and
  // standard error. `socket` adds "--socket PATH".
  absl::StatusOr<std::string> Admin(std::vector<std::string> arguments, bool socket = true);

  std::string Token(const std::string& account) const;
  const EcdsaPrivateKey& token_key() const { return token_key_; }
  std::filesystem::path jwks() const { return folder_.path() / "chat.jwks"; }

  // Where clients find it: "unix:PATH", or "localhost:PORT".
  const std::string& address() const { return address_; }
  // Its certificate and the root that clients trust: one file where it is self-signed.
  std::filesystem::path certificate() const { return folder_.path() / "tls.pem"; }
  std::filesystem::path ca_certificate() const {
    return options_.chain == TlsChain::kSelfSigned ? certificate() : folder_.path() / "ca.pem";
  }
  // Where web pages' calls go, "unix:PATH"; empty without that endpoint.
  std::string web_address() const;
  // A new connection; realm_stub.h makes a stub of one.
  std::shared_ptr<grpc::Channel> NewChannel() const;

  std::filesystem::path state() const { return Place() / "state"; }
  std::filesystem::path log() const { return folder_.path() / "log"; }
  std::filesystem::path admin_socket() const { return Place() / "admin"; }
  std::string Log() const;
  // Waits until `text` stands in the daemon's log `times` times.
  absl::Status WaitForLog(std::string_view text, int times = 1) const;
  const std::string& realm_id() const { return realm_id_; }  // hexadecimal

 private:
  explicit RealmFixture(const std::filesystem::path& lasting)
      : folder_(lasting.empty() ? TemporaryFolder() : TemporaryFolder::Lasting(lasting)),
        token_key_(EcdsaPrivateKey::Generate()) {}
  std::filesystem::path Place() const {
    return options_.place.empty() ? folder_.path() : folder_.path() / options_.place;
  }
  absl::Status StartSimulator(SimulatorKind kind);
  absl::Status Init(const Options& options);
  absl::Status ChooseAddress();
  absl::Status WriteConfiguration();
  absl::Status WaitUntilServing();
  std::map<std::string, std::string> SimulatorEnvironment() const;

  TemporaryFolder folder_;
  Options options_;
  std::unique_ptr<Swtpm> swtpm_;
  std::unique_ptr<Tabrmd> tabrmd_;
  std::unique_ptr<SoftHsm> softhsm_;
  EcdsaPrivateKey token_key_;
  std::string realm_id_;
  std::string device_uri_;
  std::string address_;
  std::unique_ptr<ChildProcess> daemon_;
  std::atomic<pid_t> daemon_pid_ = 0;
};

}  // namespace labrec::test

#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/api/v1/recovery.grpc.pb.h"
#include "tests/support/process/child_process.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/realm/realm_fixture.h"
#include "tests/support/storage/postgres.h"

namespace labrec::test {

// A realm on two hosts: one token that both reach (a folder of SoftHSM2's, as a network HSM's partition), a
// PostgreSQL primary with a synchronous standby, and a daemon on each host. The second host's folder is a
// copy of the first one's realm.json and device.auth, as docs/postgresql.md says.
class TwoHosts {
 public:
  struct Options {
    bool automatic = true;
    int after_seconds = 1;
    std::string more_configuration;
  };
  static absl::StatusOr<std::unique_ptr<TwoHosts>> Make(const Options& options);

  enum class Role { kServer, kStandby };
  // Starts the daemon of host 0 or 1; does not wait for it.
  absl::Status Start(int host, Role role);
  ChildProcess& daemon(int host) { return *hosts_[host].daemon; }
  // Stops it (SIGSTOP) where it holds no lock of the token's: SoftHSM2 locks files at each call, and who is
  // stopped then stops the other host, too. A network HSM has no such lock.
  void Hang(int host);
  bool Runs(int host) { return hosts_[host].daemon != nullptr && hosts_[host].daemon->Running(); }
  // Waits until either serves, or that one: which.
  std::optional<int> AwaitServing(std::chrono::milliseconds patience, std::optional<int> host = std::nullopt);
  bool Serves(int host) const;
  // Whether somebody is there to call: cheaper to ask than a call that fails. One that is stopped listens.
  bool Listens(int host) const;
  // Waits until a daemon that follows says that it could take over.
  bool AwaitReady(int host) const;

  std::unique_ptr<labyrinth::recovery::v1::Recovery::Stub> NewStub(int host) const;
  // labyrinth-admin with that host's admin socket.
  FinishedCommand Admin(int host, std::vector<std::string> words) const;
  std::string Token(const std::string& account) const { return realm_->Token(account); }
  std::string Log(int host) const;
  std::filesystem::path state(int host) const { return hosts_[host].folder / "state"; }
  std::filesystem::path configuration(int host) const { return hosts_[host].folder / "recoveryd.toml"; }
  std::filesystem::path jwks() const { return realm_->jwks(); }

  PostgresServer& primary() { return *servers_[primary_]; }
  PostgresServer& standby() { return *servers_[1 - primary_]; }
  // The primary is killed, its standby promoted; the old one is no part of the pair before RejoinOld.
  absl::Status Failover();
  enum class Rejoin { kRewound, kCopied };
  absl::Status RejoinOld(Rejoin how);

 private:
  struct Host {
    std::filesystem::path folder;
    std::unique_ptr<ChildProcess> daemon;
  };
  TwoHosts() = default;
  absl::Status StartServers();
  absl::Status CopyFolder();
  absl::Status Configure(int host, const Options& options);

  TemporaryFolder folder_;
  std::unique_ptr<PostgresServer> servers_[2];
  int primary_ = 0;
  std::unique_ptr<RealmFixture> realm_;  // its folder is host 0's state
  Host hosts_[2];
};

}  // namespace labrec::test

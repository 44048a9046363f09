#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "tests/support/process/child_process.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec::test {

// A server of PostgreSQL for one test: a cluster of its own on a Unix socket, which nobody else reaches. It
// runs as an unprivileged user where the test is root, as PostgreSQL refuses root. Its role "labrec" owns its
// schema, may see the standbys, and has no other right.
class PostgresServer {
 public:
  // A new cluster, running. `settings`: lines of postgresql.conf. With small segments there is little log to
  // copy at a Rejoin.
  enum class Segments { kUsual, kSmall };
  static absl::StatusOr<std::unique_ptr<PostgresServer>> Start(const std::string& settings = "",
                                                               Segments segments = Segments::kUsual);
  // A standby of `primary` by that application_name, following it.
  static absl::StatusOr<std::unique_ptr<PostgresServer>> StandbyOf(const PostgresServer& primary,
                                                                   const std::string& name);
  // A server on a copy of `other`'s data as it is, which does not run.
  static absl::StatusOr<std::unique_ptr<PostgresServer>> CopyOf(const PostgresServer& other);
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // Runs pgbouncer before it, which lends its sessions for single transactions: where its socket is. It ends
  // with this object.
  absl::StatusOr<std::filesystem::path> StartPooler();

  // Of its database as role "labrec", whose schema is "realm". `more`: as "&options=...".
  std::string url(const std::string& more = "") const;
  // "postgresql://" with all of these servers, in this order.
  static std::string UrlOf(const std::vector<const PostgresServer*>& servers);

  // SIGKILL to the postmaster and all its children, as by a power cut that spares the disk; waits for their
  // end.
  void Kill();
  // SIGINT ("fast shutdown") or SIGQUIT ("immediate") to the postmaster, and waits.
  absl::Status Stop(int signal);
  // `preload`: a library that the server and its children load first.
  absl::Status Launch(const std::filesystem::path& preload = {});
  // While this file is there, syncs of a server that was launched with tests/fault/postgres/failing_sync.cc
  // fail with EIO.
  std::filesystem::path failing_sync_flag() const { return folder_.path() / "syncs-fail"; }
  // A folder of its data that the test has put anew, with all that is in it, is the server's.
  absl::Status OwnAgain(const std::filesystem::path& folder) const;
  // A standby takes writes from now on, on the next timeline.
  absl::Status Promote();
  absl::Status Configure(const std::string& setting);  // appended to postgresql.conf, and reloaded
  // A primary that was killed while `promoted` took over: what it has and the other has not is taken back
  // (pg_rewind), and it runs as its standby by that name, where it ran before.
  absl::Status Rejoin(const PostgresServer& promoted, const std::string& name);
  // Likewise, with a new copy of all that the other has (pg_basebackup) in its data's place.
  absl::Status RejoinAnew(const PostgresServer& promoted, const std::string& name);
  // Follows that server from its next start on.
  absl::Status Follow(const PostgresServer& primary, const std::string& name) const;

  // What the superuser's statement returns, which waits for no standby: columns by '|', rows by line ends.
  absl::StatusOr<std::string> Sql(const std::string& sql) const;
  // Waits until it returns `wanted`.
  absl::Status Await(const std::string& sql, const std::string& wanted) const;

  std::filesystem::path data() const { return folder_.path() / "data"; }
  std::filesystem::path socket_folder() const { return folder_.path(); }
  std::string log() const;
  pid_t pid() const { return process_->pid(); }

 private:
  PostgresServer();
  absl::Status MakeCluster(const std::string& settings, Segments segments);
  absl::Status MakeRealmDatabase() const;
  absl::Status AwaitStandby(const std::string& name) const;
  absl::Status CopyFrom(const PostgresServer& running) const;
  absl::Status LaunchAfter(const PostgresServer& promoted, const std::string& name,
                           const std::string& settings);
  absl::Status RunAsServer(std::vector<std::string> command) const;
  absl::Status Own(const std::filesystem::path& path) const;

  TemporaryFolder folder_;
  std::unique_ptr<ChildProcess> process_;
  std::unique_ptr<ChildProcess> pooler_;
};

}  // namespace labrec::test

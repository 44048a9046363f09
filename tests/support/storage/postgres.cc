#include "tests/support/storage/postgres.h"

#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

#include <libpq-fe.h>
#include <poll.h>
#include <pwd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "hsm/base/status_macros.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/process/other_process.h"

namespace labrec::test {
namespace {

constexpr std::chrono::seconds kWithin{30};
constexpr std::chrono::milliseconds kPollEvery{2};
const std::string kPrograms = LABREC_POSTGRES_PROGRAMS;

// Who runs the server where the test is root.
const passwd* ServerUser() {
  const passwd* user = getpwnam("postgres");
  return user != nullptr ? user : getpwnam("nobody");
}

// The user is given up for good before the program starts, and with it what root may do.
std::vector<std::string> AsServerUser(std::vector<std::string> command) {
  if (geteuid() != 0) return command;
  const passwd* user = ServerUser();
  std::vector<std::string> words = {"setpriv",
                                    "--reuid",
                                    std::to_string(user->pw_uid),
                                    "--regid",
                                    std::to_string(user->pw_gid),
                                    "--clear-groups",
                                    "--pdeathsig",
                                    "KILL",
                                    "--"};
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

std::string Content(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};

std::string Table(const PGresult* result) {
  std::vector<std::string> lines;
  for (int row = 0; row < PQntuples(result); ++row) {
    std::vector<std::string> values;
    for (int column = 0; column < PQnfields(result); ++column)
      values.emplace_back(PQgetvalue(result, row, column));
    lines.push_back(absl::StrJoin(values, "|"));
  }
  return absl::StrJoin(lines, "\n");
}

std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  std::ifstream list(absl::StrCat("/proc/", parent, "/task/", parent, "/children"));
  for (pid_t child = 0; list >> child;) children.push_back(child);
  return children;
}

void KillAndAwait(pid_t process) {
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, process, 0));
  if (handle < 0) return;  // it has ended
  kill(process, SIGKILL);
  pollfd ended{handle, POLLIN, 0};
  while (poll(&ended, 1, -1) < 0 && errno == EINTR) {
  }
  close(handle);
}

// What a test has no use for is off; what durability rests on is as delivered.
constexpr char kSettings[] =
    "listen_addresses = ''\nlogging_collector = off\nautovacuum = off\nmax_wal_senders = 8\n"
    "wal_receiver_timeout = '10s'\nwal_retrieve_retry_interval = '20ms'\nwal_keep_size = '256MB'\n"
    "max_connections = 60\nshared_buffers = '16MB'\ndynamic_shared_memory_type = mmap\nmax_wal_size = "
    "'256MB'\n"
    "unix_socket_permissions = 0777\nlc_messages = C\n";

}  // namespace

PostgresServer::PostgresServer() = default;

PostgresServer::~PostgresServer() {
  Kill();
}

absl::StatusOr<std::unique_ptr<PostgresServer>> PostgresServer::Start(const std::string& settings,
                                                                      Segments segments) {
  std::unique_ptr<PostgresServer> server(new PostgresServer());
  LABREC_RETURN_IF_ERROR(server->MakeCluster(settings, segments));
  LABREC_RETURN_IF_ERROR(server->Launch());
  LABREC_RETURN_IF_ERROR(server->MakeRealmDatabase());
  return server;
}

absl::StatusOr<std::unique_ptr<PostgresServer>> PostgresServer::StandbyOf(const PostgresServer& primary,
                                                                          const std::string& name) {
  std::unique_ptr<PostgresServer> server(new PostgresServer());
  LABREC_RETURN_IF_ERROR(server->Own(server->folder_.path()));
  LABREC_RETURN_IF_ERROR(server->CopyFrom(primary));
  LABREC_RETURN_IF_ERROR(server->Follow(primary, name));
  LABREC_RETURN_IF_ERROR(server->Launch());
  LABREC_RETURN_IF_ERROR(primary.AwaitStandby(name));
  return server;
}

absl::Status PostgresServer::CopyFrom(const PostgresServer& running) const {
  return RunAsServer({kPrograms + "/pg_basebackup", "-D", data(), "-h", running.socket_folder(), "-U",
                      "postgres", "--no-sync", "-c", "fast", "-X", "stream"});
}

absl::Status PostgresServer::RejoinAnew(const PostgresServer& promoted, const std::string& name) {
  const std::string settings = Content(data() / "postgresql.conf");
  std::error_code error;
  std::filesystem::remove_all(data(), error);
  if (error) return absl::InternalError(absl::StrCat(data().string(), ": ", error.message()));
  LABREC_RETURN_IF_ERROR(CopyFrom(promoted));
  return LaunchAfter(promoted, name, settings);
}

// Settings are of a server, and pg_rewind copies the other's. Before its first checkpoint a promoted server's
// control file names the old timeline, and pg_rewind finds nothing to take back.
absl::Status PostgresServer::Rejoin(const PostgresServer& promoted, const std::string& name) {
  const std::string settings = Content(data() / "postgresql.conf");
  LABREC_RETURN_IF_ERROR(promoted.Sql("CHECKPOINT").status());
  LABREC_RETURN_IF_ERROR(RunAsServer(
      {kPrograms + "/pg_rewind", "--no-sync", "-D", data(),
       absl::StrCat("--source-server=host=", promoted.socket_folder().string(), " user=postgres")}));
  return LaunchAfter(promoted, name, settings);
}

absl::Status PostgresServer::LaunchAfter(const PostgresServer& promoted, const std::string& name,
                                         const std::string& settings) {
  std::ofstream(data() / "postgresql.conf") << settings;
  LABREC_RETURN_IF_ERROR(Follow(promoted, name));
  LABREC_RETURN_IF_ERROR(Launch());
  return promoted.AwaitStandby(name);
}

absl::Status PostgresServer::AwaitStandby(const std::string& name) const {
  return Await(
      absl::StrCat(
          "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND application_name = '", name,
          "'"),
      "1");
}

absl::StatusOr<std::unique_ptr<PostgresServer>> PostgresServer::CopyOf(const PostgresServer& other) {
  std::unique_ptr<PostgresServer> server(new PostgresServer());
  LABREC_RETURN_IF_ERROR(server->Own(server->folder_.path()));
  LABREC_RETURN_IF_ERROR(server->RunAsServer({"cp", "-a", other.data(), server->data()}));
  std::filesystem::remove(server->data() / "postmaster.pid");
  return server;
}

absl::Status PostgresServer::MakeCluster(const std::string& settings, Segments segments) {
  LABREC_RETURN_IF_ERROR(Own(folder_.path()));
  LABREC_RETURN_IF_ERROR(
      RunAsServer({kPrograms + "/initdb", "-D", data(), "-U", "postgres", "--no-sync", "--auth=trust", "-k",
                   "--locale=C", "-E", "UTF8", "--wal-segsize", segments == Segments::kSmall ? "1" : "16"}));
  std::ofstream(data() / "postgresql.conf", std::ios::app) << kSettings << settings << "\n";
  return absl::OkStatus();
}

absl::Status PostgresServer::MakeRealmDatabase() const {
  LABREC_RETURN_IF_ERROR(Sql("CREATE ROLE labrec LOGIN").status());
  LABREC_RETURN_IF_ERROR(Sql("GRANT pg_read_all_stats TO labrec").status());
  return Sql("CREATE SCHEMA realm AUTHORIZATION labrec; ALTER ROLE labrec SET search_path = realm").status();
}

absl::Status PostgresServer::Own(const std::filesystem::path& path) const {
  if (geteuid() != 0) return absl::OkStatus();
  // Whoever is root besides has to reach the socket: the folder is the server's, and all may enter it.
  if (chown(path.c_str(), ServerUser()->pw_uid, ServerUser()->pw_gid) != 0) {
    return absl::ErrnoToStatus(errno, "chown");
  }
  std::filesystem::permissions(path, std::filesystem::perms(0755));
  return absl::OkStatus();
}

absl::Status PostgresServer::OwnAgain(const std::filesystem::path& folder) const {
  if (geteuid() != 0) return absl::OkStatus();
  const std::string owner = absl::StrCat(ServerUser()->pw_uid, ":", ServerUser()->pw_gid);
  const FinishedCommand done = RunCommand({"chown", "-R", owner, folder});
  return done.code == 0 ? absl::OkStatus() : absl::InternalError(done.err);
}

absl::Status PostgresServer::RunAsServer(std::vector<std::string> command) const {
  const std::string name = command[0];
  const FinishedCommand done = RunCommand(AsServerUser(std::move(command)));
  return done.code == 0 ? absl::OkStatus() : absl::InternalError(absl::StrCat(name, ": ", done.err));
}

absl::Status PostgresServer::Launch(const std::filesystem::path& preload) {
  ChildProcess::Options options;
  if (!preload.empty()) {
    // Where the server's user can read it.
    const std::filesystem::path copy = folder_.path() / preload.filename();
    std::filesystem::copy(preload, copy, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::permissions(copy, std::filesystem::perms(0755));
    options.environment = {{"LD_PRELOAD", copy}, {"FAILING_SYNC_FLAG", folder_.path() / "syncs-fail"}};
  }
  options.command = AsServerUser({kPrograms + "/postgres", "-D", data(), "-k", folder_.path()});
  options.log = folder_.path() / "log";
  LABREC_ASSIGN_OR_RETURN(process_, ChildProcess::Start(options));
  const auto deadline = std::chrono::steady_clock::now() + kWithin;
  const std::string place = absl::StrCat("host=", folder_.path().string());
  while (PQping(place.c_str()) != PQPING_OK) {
    if (!process_->Running() || std::chrono::steady_clock::now() > deadline) {
      return absl::UnavailableError(absl::StrCat("PostgreSQL did not come up: ", log()));
    }
    std::this_thread::sleep_for(kPollEvery);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::filesystem::path> PostgresServer::StartPooler() {
  const std::filesystem::path place = folder_.path() / "pooler";
  std::filesystem::create_directories(place);
  LABREC_RETURN_IF_ERROR(Own(place));
  std::ofstream(place / "users") << "\"labrec\" \"\"\n";
  std::ofstream(place / "pgbouncer.ini")
      << "[databases]\npostgres = host=" << folder_.path().string()
      << "\n[pgbouncer]\nlisten_addr =\nunix_socket_dir = " << place.string()
      << "\nlisten_port = 5432\nauth_type = trust\nauth_file = " << (place / "users").string()
      << "\npool_mode = transaction\n";
  ChildProcess::Options options;
  options.command = AsServerUser({"pgbouncer", place / "pgbouncer.ini"});
  options.log = place / "log";
  LABREC_ASSIGN_OR_RETURN(pooler_, ChildProcess::Start(options));
  const auto deadline = std::chrono::steady_clock::now() + kWithin;
  const std::string address = absl::StrCat("host=", place.string(), " user=labrec dbname=postgres");
  while (PQping(address.c_str()) != PQPING_OK) {
    if (!pooler_->Running() || std::chrono::steady_clock::now() > deadline) {
      return absl::UnavailableError(absl::StrCat("pgbouncer did not come up: ", Content(place / "log")));
    }
    std::this_thread::sleep_for(kPollEvery);
  }
  return place;
}

void PostgresServer::Kill() {
  if (process_ == nullptr || !process_->Running()) return;
  // Stopped, it starts no more children, and learns nothing of the end of those it has.
  Freeze(pid());
  const std::vector<pid_t> children = ChildrenOf(pid());
  for (const pid_t child : children) KillAndAwait(child);
  process_->Kill();
  std::filesystem::remove(data() / "postmaster.pid");
}

absl::Status PostgresServer::Stop(int signal) {
  kill(pid(), signal);
  return process_->Wait(kWithin).status();
}

absl::Status PostgresServer::Promote() {
  LABREC_RETURN_IF_ERROR(Sql("SELECT pg_promote()").status());
  return Await("SELECT pg_is_in_recovery()", "f");
}

absl::Status PostgresServer::Configure(const std::string& setting) {
  std::ofstream(data() / "postgresql.conf", std::ios::app) << setting << "\n";
  LABREC_ASSIGN_OR_RETURN(const std::string loaded, Sql("SELECT pg_conf_load_time()"));
  LABREC_RETURN_IF_ERROR(Sql("SELECT pg_reload_conf()").status());
  return Await(absl::StrCat("SELECT pg_conf_load_time() > '", loaded, "'"), "t");
}

absl::Status PostgresServer::Follow(const PostgresServer& primary, const std::string& name) const {
  std::ofstream(data() / "postgresql.conf", std::ios::app)
      << "primary_conninfo = 'host=" << primary.socket_folder().string()
      << " user=postgres application_name=" << name << "'\nrecovery_target_timeline = 'latest'\n";
  return RunAsServer({"touch", data() / "standby.signal"});
}

absl::StatusOr<std::string> PostgresServer::Sql(const std::string& sql) const {
  const std::string place = absl::StrCat("host=", folder_.path().string(),
                                         " user=postgres dbname=postgres connect_timeout=10 "
                                         "options=-csynchronous_commit=local");
  const std::unique_ptr<PGconn, Finish> connection(PQconnectdb(place.c_str()));
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    return absl::UnavailableError(PQerrorMessage(connection.get()));
  }
  PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr);
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(connection.get(), sql.c_str()), PQclear);
  const ExecStatusType kind = PQresultStatus(result.get());
  if (kind == PGRES_TUPLES_OK || kind == PGRES_COMMAND_OK) return Table(result.get());
  return absl::InternalError(absl::StrCat(sql, ": ", PQresultErrorMessage(result.get())));
}

absl::Status PostgresServer::Await(const std::string& sql, const std::string& wanted) const {
  const auto deadline = std::chrono::steady_clock::now() + kWithin;
  absl::StatusOr<std::string> found = Sql(sql);
  while (!found.ok() || *found != wanted) {
    if (std::chrono::steady_clock::now() > deadline) {
      return absl::DeadlineExceededError(
          absl::StrCat(sql, " is ", found.ok() ? *found : found.status().message()));
    }
    std::this_thread::sleep_for(kPollEvery);
    found = Sql(sql);
  }
  return absl::OkStatus();
}

std::string PostgresServer::url(const std::string& more) const {
  return UrlOf({this}) + more;
}

std::string PostgresServer::UrlOf(const std::vector<const PostgresServer*>& servers) {
  std::vector<std::string> folders;
  for (const PostgresServer* server : servers) folders.push_back(server->socket_folder());
  return absl::StrCat("postgresql:///postgres?user=labrec&host=", absl::StrJoin(folders, ","));
}

std::string PostgresServer::log() const {
  return Content(folder_.path() / "log");
}

}  // namespace labrec::test

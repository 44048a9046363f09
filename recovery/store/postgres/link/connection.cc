#include "recovery/store/postgres/link/connection.h"

#include <vector>

#include <poll.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/status_macros.h"

namespace labrec::recovery::postgres {
namespace {

// Why each:
//   synchronous_commit      a COMMIT that returned is on the disk, and the server waits for its standbys
//   client_min_messages     warnings reach the connection, which drops them: what counts is asked for
//   *_timeout               a batch waits for standbys, not for ever for another's locks
//   plan_cache_mode, jit,   statements get one plan each, by the primary keys, when the tables are empty too
//   enable_*
//   row_security            rows that a policy would hide are an error, not missing
//   tcp_*                   the server notices a client whose host is gone, and lets go of its lock
constexpr char kSessionSettings[] =
    "SET synchronous_commit = on; SET client_min_messages = warning; SET statement_timeout = 0; "
    "SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = 0; SET idle_session_timeout = 0; "
    "SET plan_cache_mode = force_generic_plan; SET jit = off; SET enable_seqscan = off; "
    "SET enable_hashjoin = off; SET enable_mergejoin = off; SET row_security = off; "
    "SET default_transaction_isolation = 'read committed'; SET default_transaction_deferrable = off; "
    "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; "
    "SET tcp_user_timeout = 15000; ";

// Operators find the process by it in pg_stat_activity.
std::string ApplicationName() {
  char host[40] = {};
  gethostname(host, sizeof host - 1);
  return absl::StrCat("labyrinth ", host, " ", getpid());
}

absl::Status Refusal(const ServerPlace& place, PGconn* connection) {
  const std::string what = absl::StrCat("PostgreSQL at ", place.name, ": ", Complaint(connection));
  // A password that is wrong stays wrong; a server that is not there may come.
  const bool asked = PQconnectionNeedsPassword(connection) != 0 || PQconnectionUsedPassword(connection) != 0;
  return asked ? absl::FailedPreconditionError(what) : absl::UnavailableError(what);
}

}  // namespace

absl::StatusOr<Connection> Connection::Open(const ServerPlace& place, Session session) {
  const std::string name = ApplicationName();
  std::vector<const char*> keywords, values;
  const auto add = [&](const char* keyword, const char* value) {
    keywords.push_back(keyword);
    values.push_back(value);
  };
  for (const auto& [keyword, value] : place.options) add(keyword.c_str(), value.c_str());
  add("application_name", name.c_str());
  add("target_session_attrs", "read-write");
  add(nullptr, nullptr);
  Connection connection(PQconnectdbParams(keywords.data(), values.data(), 0), place.tables);
  if (connection.broken()) return Refusal(place, connection.get());
  PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr);
  LABREC_RETURN_IF_ERROR(connection.CheckOwnBackend());
  LABREC_RETURN_IF_ERROR(connection.Execute(
      absl::StrCat(kSessionSettings,
                   "SET default_transaction_read_only = ", session == Session::kRead ? "on" : "off"),
      "setting up a session"));
  return connection;
}

// A pooler that gives out sessions for single transactions loses settings, prepared statements and the lock.
// It goes unseen but for the process number that it makes up.
absl::Status Connection::CheckOwnBackend() {
  LABREC_ASSIGN_OR_RETURN(const Result result, Run("SELECT pg_backend_pid()", {}, "asking who serves"));
  if (result.Int4(0, 0) == static_cast<uint32_t>(PQbackendPID(get()))) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "a connection pooler stands between this program and PostgreSQL, and the realm's lock would not hold: "
      "name the server itself");
}

std::string Connection::Named(std::string_view sql) const {
  return absl::StrReplaceAll(AbslView(sql), {{AbslView(kLedgerTables), tables_}});
}

absl::StatusOr<Result> Connection::Run(const char* sql, const Parameters& parameters, const char* doing) {
  Result result(PQexecParams(get(), Named(sql).c_str(), parameters.count(), parameters.types(),
                             parameters.values().data(), parameters.lengths().data(),
                             parameters.formats().data(), 1));
  LABREC_RETURN_IF_ERROR(result.status(doing));
  return result;
}

absl::StatusOr<Result> Connection::RunPrepared(const char* name, const Parameters& parameters,
                                               const char* doing) {
  Result result(PQexecPrepared(get(), name, parameters.count(), parameters.values().data(),
                               parameters.lengths().data(), parameters.formats().data(), 1));
  LABREC_RETURN_IF_ERROR(result.status(doing));
  return result;
}

absl::Status Connection::Prepare(const char* name, const char* sql) {
  return Result(PQprepare(get(), name, Named(sql).c_str(), 0, nullptr)).status("preparing a statement");
}

absl::Status Connection::Execute(const std::string& sql, const char* doing) {
  return Result(PQexec(get(), Named(sql).c_str())).status(doing);
}

absl::StatusOr<ServerIdentity> Connection::Identify() {
  // The timeline that is written now: pg_control_checkpoint() has it only from the next checkpoint on.
  LABREC_ASSIGN_OR_RETURN(const Result result,
                          Run("SELECT (SELECT system_identifier FROM pg_control_system()), "
                              "('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int",
                              {}, "asking which server this is"));
  return ServerIdentity{result.Int8(0, 0), result.Int4(0, 1)};
}

bool Connection::BrokeWhileIdle() {
  if (get() == nullptr || broken()) return true;
  // A server that ends a session says so first and closes then.
  constexpr int kClosesWithinMs = 100;
  pollfd watched{PQsocket(get()), POLLIN, 0};
  for (int wait = 0; poll(&watched, 1, wait) > 0; wait = kClosesWithinMs) {
    if (PQconsumeInput(get()) == 0) return true;
    PQisBusy(get());  // takes in what came
    if (broken()) return true;
  }
  return false;
}

}  // namespace labrec::recovery::postgres

#include "recovery/store/postgres/ledger_lock.h"

#include <thread>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"

namespace labrec::recovery::postgres {
namespace {

constexpr uint32_t kLockClass = 0x4C615265;  // "LaRe"

// A lock by two numbers has objsubid 2; those of other databases may have the same numbers.
constexpr char kOfTheHolder[] =
    " FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted AND"
    " l.classid = $1 AND l.objid = to_regclass('labrec_head') AND l.objsubid = 2 AND l.database ="
    " (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())";

// A session that PostgreSQL waits for is idle, or stopped amid a batch.
constexpr char kDescribe[] =
    "SELECT a.pid, a.application_name, coalesce(host(a.client_addr), 'this host'), "
    "coalesce(a.wait_event = 'SyncRep', false), CASE WHEN a.wait_event_type = 'Client' THEN "
    "coalesce(greatest((extract(epoch FROM clock_timestamp() - a.state_change) * 1000)::bigint, 0), 0) ELSE "
    "0 END";
constexpr char kEnd[] = "SELECT count(pg_terminate_backend(a.pid, 2000))";

absl::StatusOr<Result> AskOfHolder(Connection& connection, const char* what, const char* doing) {
  return connection.Run(absl::StrCat(what, kOfTheHolder).c_str(), Parameters().Oid4(kLockClass), doing);
}

absl::Status RefuseSecond(Connection& connection) {
  const auto holder = FindLockHolder(connection);
  const std::string name = holder.ok() && *holder ? (*holder)->name : "another session";
  return absl::FailedPreconditionError(absl::StrCat("the ledger is open in ", name, ": stop it first"));
}

}  // namespace

absl::StatusOr<std::optional<LockHolder>> FindLockHolder(Connection& connection) {
  LABREC_ASSIGN_OR_RETURN(const Result found,
                          AskOfHolder(connection, kDescribe, "asking who holds the ledger"));
  if (found.rows() == 0) return std::nullopt;
  return LockHolder{
      absl::StrCat("\"", found.Text(0, 1), "\" at ", found.Text(0, 2), " (backend ", found.Int4(0, 0), ")",
                   found.Bool(0, 3) ? ", whose last batch still waits for a standby" : ""),
      std::chrono::milliseconds(found.Int8(0, 4))};
}

absl::Status TakeLock(Connection& connection, LockHeld held) {
  constexpr std::chrono::milliseconds kWithin{1000}, kAskEvery{20};
  const auto deadline = std::chrono::steady_clock::now() + kWithin;
  while (true) {
    LABREC_ASSIGN_OR_RETURN(
        const Result taken,
        connection.Run("SELECT pg_try_advisory_lock($1, to_regclass('labrec_head')::oid::int)",
                       Parameters().Int4(kLockClass), "taking the ledger's lock"));
    if (taken.Bool(0, 0)) return absl::OkStatus();
    if (std::chrono::steady_clock::now() > deadline) return RefuseSecond(connection);
    if (held == LockHeld::kEndSession) {
      LABREC_RETURN_IF_ERROR(
          AskOfHolder(connection, kEnd, "ending the session that holds the ledger").status());
      continue;
    }
    std::this_thread::sleep_for(kAskEvery);
  }
}

}  // namespace labrec::recovery::postgres

#include "recovery/store/postgres/session.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "recovery/store/postgres/demands.h"
#include "recovery/store/postgres/ledger_lock.h"
#include "recovery/store/postgres/schema.h"

namespace labrec::recovery::postgres {
namespace {

absl::StatusOr<WritingSession> Connect(const ServerPlace& place, Session kind) {
  LABREC_ASSIGN_OR_RETURN(Connection connection, Connection::Open(place, kind));
  LABREC_ASSIGN_OR_RETURN(const ServerIdentity identity, connection.Identify());
  return WritingSession{std::move(connection), place, identity};
}

absl::Status NoLedgerAt(const ServerPlace& place) {
  return absl::NotFoundError(absl::StrCat("PostgreSQL at ", place.name,
                                          " holds no ledger in this schema: check the URL, or make one with "
                                          "'labyrinth-admin realm init'"));
}

absl::Status Ambiguous(const ServerPlace& a, const ServerPlace& b, const char* why) {
  return absl::FailedPreconditionError(absl::StrCat("both ", a.name, " and ", b.name, " take writes, and ",
                                                    why, ": stop the wrong one, or take it out of the URL"));
}

absl::StatusOr<WritingSession> FindPrimary(const std::vector<ServerPlace>& places, Session kind) {
  std::optional<WritingSession> best;
  absl::Status worst;
  std::string refusals;
  for (const ServerPlace& place : places) {
    absl::StatusOr<WritingSession> found = Connect(place, kind);
    if (!found.ok()) {
      // What an operator has to mend says more than that another one is not there.
      if (worst.ok() || absl::IsUnavailable(worst)) worst = found.status();
      absl::StrAppend(&refusals, refusals.empty() ? "" : "; ", found.status().message());
      continue;
    }
    if (best && best->identity.system != found->identity.system) {
      return Ambiguous(best->place, place, "they are different clusters");
    }
    if (best && best->identity.timeline == found->identity.timeline) {
      return Ambiguous(best->place, place, "neither was promoted after the other");
    }
    if (!best || best->identity.timeline < found->identity.timeline) best = *std::move(found);
  }
  if (best) return *std::move(best);
  return absl::Status(worst.code(), refusals);
}

}  // namespace

absl::StatusOr<WritingSession> OpenWritingSession(const std::vector<ServerPlace>& places,
                                                  const PostgresOptions& options) {
  const bool looks = options.open == PostgresOptions::Open::kReadOnly;
  LABREC_ASSIGN_OR_RETURN(WritingSession session,
                          FindPrimary(places, looks ? Session::kRead : Session::kWrite));
  Connection& connection = session.connection;
  LABREC_RETURN_IF_ERROR(CheckServer(connection, options));
  // Before anything is committed: that would wait for a standby without a word.
  if (!looks) LABREC_RETURN_IF_ERROR(AwaitStandbys(connection, options));
  LABREC_ASSIGN_OR_RETURN(const bool present, HasSchema(connection));
  if (!present) {
    if (options.open != PostgresOptions::Open::kCreateIfMissing) {
      return NoLedgerAt(session.place);
    }
    LABREC_RETURN_IF_ERROR(MakeSchema(connection));
  }
  const bool takes_over = options.open == PostgresOptions::Open::kTakeOver;
  LABREC_RETURN_IF_ERROR(TakeLock(connection, takes_over ? LockHeld::kEndSession : LockHeld::kRefuse));
  LABREC_RETURN_IF_ERROR(CheckSchema(connection));
  return session;
}

absl::StatusOr<Connection> OpenLookingConnection(const std::vector<ServerPlace>& places,
                                                 const PostgresOptions& options) {
  LABREC_ASSIGN_OR_RETURN(WritingSession session, FindPrimary(places, Session::kRead));
  LABREC_RETURN_IF_ERROR(CheckServer(session.connection, options));
  LABREC_ASSIGN_OR_RETURN(const bool present, HasSchema(session.connection));
  if (!present) return NoLedgerAt(session.place);
  LABREC_RETURN_IF_ERROR(CheckSchema(session.connection));
  return std::move(session.connection);
}

}  // namespace labrec::recovery::postgres

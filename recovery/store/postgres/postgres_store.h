#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/store/figures.h"
#include "recovery/store/store.h"

namespace labrec::recovery {

struct PostgresOptions {
  enum class Open {
    kExisting,         // NOT_FOUND if the schema has no ledger
    kCreateIfMissing,  // makes the tables where there are none
    kReadOnly,         // as kExisting, and nothing is ever changed
    kTakeOver,         // as kExisting, and ends the session of whoever works on it
  };
  // Which tables of the schema: the ledger's, or those beside them that 'anchor accept' rebuilds it in.
  enum class Tables { kLedger, kRebuilt };
  Tables tables = Tables::kLedger;
  // "postgresql://...", with every server that may be the primary (server_url.h).
  std::string url;
  Open open = Open::kExisting;
  // On the disks of how many of the named standbys (their application_name) a batch is before it counts.
  uint32_t replicas = 0;
  std::vector<std::string> standby_names;
  // How long an opening waits for so many of them to be there.
  std::chrono::milliseconds standbys_within{10'000};
  // How often the writing session says a word while nothing is written.
  std::chrono::milliseconds sign_every{1000};
};

// A ledger's rows in a schema of PostgreSQL 15 or later (docs/formats.md, "Storage in PostgreSQL"). The
// server need not be trusted: the ledger checks what it reads. What the server is asked for, and is held to,
// is that a batch survives: on its own disk, and on those of `replicas` standbys.
//
// Opening finds, among the servers of the URL that take writes, the one that was promoted last, and refuses
// one that loosens what was demanded (demands.h). Until MakeDurable or the first Write it changes nothing,
// but for tables that it makes.
//
// Write is one transaction in one round trip. It is ABORTED where the server reported an error before the
// COMMIT, or could not be reached before anything was sent; it works again when that is mended. Where the
// connection is lost later, or another process has written, it is INTERNAL, every later Write fails, and the
// process must end. It waits for replicas that are missing as long as it takes (Store::waits_for).
//
// While nothing is written the writing session says a word a second, and finds the server's successor where
// that is gone: so others can tell a process that is idle from one that hangs (postgres_follower.h).
//
// A read that loses its connection is tried on a new one for some seconds; then INTERNAL.
//
// Not promised: erasing. PostgreSQL keeps old versions of rows in its pages until they are reused, and in its
// log, its standbys and its archives (docs/threat_model.md).
//
// Threads: as Store.
class PostgresStore : public Store {
 public:
  // "NAME:PORT", the server it writes to, for messages. Any thread.
  virtual std::string server() const = 0;
  // Any thread.
  virtual StorageFigures figures() const = 0;
};

// FAILED_PRECONDITION: another process works on it (the message names it), the server is not what was
// demanded, or the tables are of another version; NOT_FOUND: there is no ledger; DATA_LOSS: the tables were
// changed; UNAVAILABLE: no server takes writes, or too few standbys follow it; INVALID_ARGUMENT: the options.
absl::StatusOr<std::unique_ptr<PostgresStore>> OpenPostgresStore(PostgresOptions options);

// INVALID_ARGUMENT: the options contradict each other or the URL is none. Connects to nothing.
absl::Status CheckPostgresOptions(const PostgresOptions& options);

// Drops the ledger's tables, if there are any and nobody works on them. Errors as OpenPostgresStore. The
// pages that held them keep what they held until PostgreSQL uses them again.
absl::Status RemovePostgresLedger(const PostgresOptions& options);

// The ledger that was rebuilt (Tables::kRebuilt) takes the place of the ledger, whose tables are dropped: in
// one transaction, so there is always one of them whole. Nobody may work on either; errors as
// OpenPostgresStore.
absl::Status PutRebuiltInPlace(const PostgresOptions& options);

}  // namespace labrec::recovery

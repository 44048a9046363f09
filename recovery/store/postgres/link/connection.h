#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <libpq-fe.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/store/postgres/link/parameters.h"
#include "recovery/store/postgres/link/result.h"
#include "recovery/store/postgres/link/server_url.h"

namespace labrec::recovery::postgres {

// Which history of which cluster a server writes: a promotion begins a new timeline, so two servers of one
// system at different ones have parted.
struct ServerIdentity {
  uint64_t system = 0;
  uint32_t timeline = 0;
  bool operator==(const ServerIdentity&) const = default;
};

enum class Session { kWrite, kRead };

// A connection to a server that takes writes, with every setting that this store relies on: whatever the
// server, the database or the role have as their defaults. One thread at a time.
class Connection {
 public:
  // UNAVAILABLE: nobody is there, or a standby; FAILED_PRECONDITION: refused, or a pooler stands between.
  static absl::StatusOr<Connection> Open(const ServerPlace& place, Session session);

  // Statements name a ledger's tables (kLedgerTables). Where the place has others they are meant.
  //
  // One statement, its result in binary. Errors: see Result::status.
  absl::StatusOr<Result> Run(const char* sql, const Parameters& parameters, const char* doing);
  absl::StatusOr<Result> RunPrepared(const char* name, const Parameters& parameters, const char* doing);
  absl::Status Prepare(const char* name, const char* sql);
  // One or more statements without parameters and results.
  absl::Status Execute(const std::string& sql, const char* doing);

  // A statement as it is sent.
  std::string Named(std::string_view sql) const;

  absl::StatusOr<ServerIdentity> Identify();

  bool broken() const { return PQstatus(get()) != CONNECTION_OK; }
  // Whether it broke while nobody used it, as far as this side can know.
  bool BrokeWhileIdle();
  // So that a new one is made.
  void Drop() { connection_.reset(); }

  PGconn* get() const { return connection_.get(); }

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  Connection(PGconn* connection, std::string tables) : connection_(connection), tables_(std::move(tables)) {}
  absl::Status CheckOwnBackend();
  std::unique_ptr<PGconn, Finish> connection_;
  std::string tables_;
};

}  // namespace labrec::recovery::postgres

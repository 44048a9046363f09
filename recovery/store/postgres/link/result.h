#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <libpq-fe.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/hash.h"

namespace labrec::recovery::postgres {

// What the server says to one statement, its values in binary. It is a claim of the server's.
class Result {
 public:
  explicit Result(PGresult* result) : result_(result) {}

  bool null() const { return result_ == nullptr; }
  ExecStatusType kind() const { return PQresultStatus(result_.get()); }
  bool ok() const { return kind() == PGRES_TUPLES_OK || kind() == PGRES_COMMAND_OK; }
  // The server reported an error of this statement alone, and goes on. An error without severity is libpq's
  // own; FATAL and PANIC end the connection.
  bool IsStatementError() const;
  std::string sqlstate() const;  // empty if there is none
  // As "UPDATE 1" or "COMMIT".
  std::string command() const { return PQcmdStatus(result_.get()); }
  // OK, or what went wrong: UNAVAILABLE: the connection, or the server's operator; RESOURCE_EXHAUSTED: it
  // lacks room; FAILED_PRECONDITION: rights or names; DATA_LOSS: it found its files damaged; INTERNAL: all
  // else.
  absl::Status status(const char* doing) const;

  int rows() const { return PQntuples(result_.get()); }
  // Values of another width, as edited tables may have, read as 0; NULL reads as 0 or empty.
  uint32_t Int4(int row, int column) const;
  uint64_t Int8(int row, int column) const;
  bool Bool(int row, int column) const;
  ByteView Blob(int row, int column) const;  // borrows
  std::string Text(int row, int column) const { return ToString(Blob(row, column)); }
  absl::StatusOr<Digest> DigestAt(int row, int column) const;  // DATA_LOSS unless it has 32 bytes

 private:
  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  std::unique_ptr<PGresult, Clear> result_;
};

// What libpq says about a connection, in one line and without a trailing full stop.
std::string Complaint(const PGconn* connection);

}  // namespace labrec::recovery::postgres

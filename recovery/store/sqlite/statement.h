#pragma once

#include <cstdint>
#include <optional>

#include <sqlite3.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/hash.h"

namespace labrec::recovery {

// An SQLite result code as a status with the database's own words: BUSY is UNAVAILABLE; FULL is
// RESOURCE_EXHAUSTED; CORRUPT and NOTADB are DATA_LOSS; READONLY, AUTH and CANTOPEN are FAILED_PRECONDITION;
// all others INTERNAL.
absl::Status SqliteError(sqlite3* database, int code, const char* doing);

// A prepared statement, kept for many runs. Binding borrows: what is bound must live until Run or Done.
// Threads: as its connection, one at a time.
class Statement {
 public:
  // Prepares the statement. If the SQL does not compile, as in a damaged file, every run reports why.
  Statement(sqlite3* database, const char* sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& Bind(int64_t value);
  Statement& Bind(ByteView value);
  Statement& BindZeros(size_t size);

  // Runs to the end and forgets the bindings.
  absl::Status Run();
  // Steps to the next row: true if there is one. After false or an error the statement is ready for new
  // bindings.
  absl::StatusOr<bool> Next();
  // Leaves the rest of the rows, and is ready for new bindings.
  void Done();

  // Columns of the current row. A column of another type, as an edited file may have, reads as 0 or empty.
  int64_t Integer(int column) const;
  ByteView Blob(int column) const;                    // borrows until the next step
  absl::StatusOr<Digest> DigestAt(int column) const;  // DATA_LOSS unless it has 32 bytes

 private:
  sqlite3* database_;
  sqlite3_stmt* statement_ = nullptr;
  absl::Status not_prepared_;
  int bound_ = 0;
};

// Ends a statement's run when a function is left early.
class DoneGuard {
 public:
  explicit DoneGuard(Statement& statement) : statement_(statement) {}
  ~DoneGuard() { statement_.Done(); }
  DoneGuard(const DoneGuard&) = delete;
  DoneGuard& operator=(const DoneGuard&) = delete;

 private:
  Statement& statement_;
};

}  // namespace labrec::recovery

#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "recovery/store/store.h"

namespace labrec::test {

enum class StorageKind { kSqlite, kPostgres };
inline std::string NameOf(StorageKind kind) {
  return kind == StorageKind::kSqlite ? "Sqlite" : "Postgres";
}

// Where the ledgers of one test lie, of either engine, with what an attacker who owns it may do. A ledger is
// named by a file: in SQLite it is that file, in PostgreSQL a schema called as its stem, of a server that
// starts when the first is opened.
class Storage {
 public:
  static std::unique_ptr<Storage> Make(StorageKind kind);
  virtual ~Storage() = default;

  enum class Ledger { kExisting, kNew };
  virtual absl::StatusOr<std::unique_ptr<recovery::Store>> Open(const std::filesystem::path& file,
                                                                Ledger ledger = Ledger::kExisting) = 0;

  // What one ledger is now, also while it is open.
  struct Image {
    Bytes database;  // SQLite: the file, and its log
    Bytes log;
    std::string schema;  // PostgreSQL: which holds a copy of its tables
  };
  virtual Image Copy(const std::filesystem::path& file) = 0;
  virtual void Restore(const Image& image, const std::filesystem::path& file) = 0;
  virtual void Remove(const std::filesystem::path& file) = 0;
  // Runs SQL behind the store's back; it has to change something. The head's table is called head here.
  virtual void Meddle(const std::filesystem::path& file, const std::string& sql) = 0;
};

}  // namespace labrec::test

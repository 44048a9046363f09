#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

struct sqlite3;

namespace labrec::test {

// Edits a ledger's database behind the daemon's back, while no daemon has it open. Aborts if SQLite refuses.
class DatabaseEditor {
 public:
  explicit DatabaseEditor(const std::filesystem::path& path);
  ~DatabaseEditor();
  DatabaseEditor(const DatabaseEditor&) = delete;
  DatabaseEditor& operator=(const DatabaseEditor&) = delete;

  // Runs a statement that changes exactly one row.
  void Change(const std::string& sql);
  // The first column of every row of a query.
  std::vector<int64_t> Numbers(const std::string& query);
  // Flips one bit in the middle of the blob `column` of the one row of `table` that fits `where`.
  void FlipBit(const std::string& table, const std::string& column, const std::string& where);

 private:
  sqlite3* database_ = nullptr;
};

}  // namespace labrec::test

#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <toml++/toml.h>

namespace labrec::cli {

// Everything that is wrong with a configuration file, by place.
class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}
  // "FILE:LINE: [section] key: message"; line 0 leaves the line out.
  void Add(uint32_t line, std::string_view where, std::string_view message);
  // As Add, with a whole text of its own.
  void AddText(uint32_t line, std::string_view message);
  bool empty() const { return texts_.empty(); }
  // One problem per line.
  std::string Text() const;

 private:
  std::string file_;
  std::vector<std::string> texts_;
};

// One table of a TOML document. Every getter notes that its key is known; a value of another type or out of
// range is a problem, and the getter gives the default. Not for sharing between threads.
class TomlSection {
 public:
  // `table` may be null: the section is missing, and every key of it too.
  TomlSection(std::string name, const toml::table* table, uint32_t line, Problems& problems)
      : name_(std::move(name)), table_(table), line_(line), problems_(problems) {}

  // The table of this name in `parent`.
  static TomlSection Of(const toml::table& parent, std::string_view name, Problems& problems);

  bool present() const { return table_ != nullptr; }
  uint32_t line() const { return line_; }
  // The line of a key, or of the section where the key is missing.
  uint32_t LineOf(std::string_view key) const;

  bool Has(std::string_view key) { return Get(key) != nullptr; }
  std::optional<std::string> Text(std::string_view key);
  std::string RequiredText(std::string_view key);
  std::string TextOr(std::string_view key, std::string_view otherwise);
  bool Flag(std::string_view key, bool otherwise);
  int64_t Number(std::string_view key, int64_t otherwise, int64_t least, int64_t most);
  std::vector<std::string> Texts(std::string_view key);
  std::vector<int64_t> Numbers(std::string_view key, int64_t least, int64_t most);

  void Complain(std::string_view key, std::string_view message);
  // A key of earlier versions: a problem where it stands, and `why` says what to do.
  void Retired(std::string_view key, std::string_view why);
  // Call last: every key that no getter asked for is a problem.
  void RefuseUnknown();

 private:
  const toml::node* Get(std::string_view key);

  const std::string name_;
  const toml::table* const table_;
  const uint32_t line_;
  Problems& problems_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace labrec::cli

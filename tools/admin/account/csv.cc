#include "tools/admin/account/csv.h"

#include <algorithm>

#include "absl/status/status.h"

namespace labrec::admin {
namespace {

// Takes a quoted field off the front, its closing quote too.
absl::StatusOr<std::string> TakeQuoted(std::string_view& rest) {
  rest.remove_prefix(1);
  std::string field;
  while (true) {
    const size_t quote = rest.find('"');
    if (quote == rest.npos) return absl::InvalidArgumentError("a quote does not end on its line");
    field.append(rest.substr(0, quote));
    rest.remove_prefix(quote + 1);
    if (!rest.starts_with('"')) break;
    field += '"';  // two stand for one
    rest.remove_prefix(1);
  }
  if (!rest.empty() && rest.front() != ',') {
    return absl::InvalidArgumentError("something stands behind a quote");
  }
  return field;
}

std::string TakePlain(std::string_view& rest) {
  const size_t end = std::min(rest.find(','), rest.size());
  std::string field(rest.substr(0, end));
  rest.remove_prefix(end);
  return field;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> CsvFields(std::string_view line) {
  std::vector<std::string> fields;
  while (true) {
    absl::StatusOr<std::string> field =
        line.starts_with('"') ? TakeQuoted(line) : absl::StatusOr<std::string>(TakePlain(line));
    if (!field.ok()) return field.status();
    fields.push_back(*std::move(field));
    if (line.empty()) return fields;
    line.remove_prefix(1);  // the comma
  }
}

}  // namespace labrec::admin

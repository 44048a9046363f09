#include "tools/admin/account/audit_lines.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace labrec::admin {

absl::StatusOr<Json> AuditLinesOf(const std::filesystem::path& log, const std::string& tenant,
                                  const std::string& account) {
  std::ifstream file(log);
  if (!file) return absl::NotFoundError(absl::StrCat(log.string(), ": ", std::strerror(errno)));
  Json lines = Json::array();
  for (std::string text; std::getline(file, text);) {
    Json line = Json::parse(text, nullptr, false);
    if (!line.is_object()) continue;  // cut off by a crash
    if (line.value("tenant", Json()) == tenant && line.value("account", Json()) == account) {
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

}  // namespace labrec::admin

#pragma once

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"

#include "tools/admin/output.h"

namespace labrec::admin {

// The lines of an audit log that name this account, in their order, as JSON objects. Files that the log was
// moved to are not looked at. NOT_FOUND and so on: the file cannot be read.
absl::StatusOr<Json> AuditLinesOf(const std::filesystem::path& log, const std::string& tenant,
                                  const std::string& account);

}  // namespace labrec::admin

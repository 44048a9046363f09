#pragma once

#include <string>

namespace labrec::recovery {

// Which record of which account of which tenant.
struct RecordName {
  std::string tenant;
  std::string account;
  std::string record;

  bool operator==(const RecordName&) const = default;
};

}  // namespace labrec::recovery

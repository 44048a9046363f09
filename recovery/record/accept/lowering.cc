#include "recovery/record/accept/lowering.h"

#include <algorithm>
#include <cstdlib>

namespace labrec::recovery {

Record LowerRemaining(Record record, uint32_t floor) {
  if (floor == 0) std::abort();
  for (RecordVersion& version : record.versions) {
    if (!version.usable() || version.guess_limit <= floor) continue;
    version.spent = std::max(version.spent, version.guess_limit - floor);
  }
  return record;
}

}  // namespace labrec::recovery

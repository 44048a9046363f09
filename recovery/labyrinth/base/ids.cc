#include "recovery/labyrinth/base/ids.h"

#include <algorithm>

#include "hsm/base/secret_bytes.h"

namespace labrec::recovery::labyrinth {

Id RandomId() {
  return *ParseId(SecretBytes::Random(16).view());
}

std::optional<Id> ParseId(ByteView bytes) {
  Id id;
  if (bytes.size() != id.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), id.begin());
  return id;
}

}  // namespace labrec::recovery::labyrinth

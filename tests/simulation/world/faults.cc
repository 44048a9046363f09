#include "tests/simulation/world/faults.h"

namespace labrec::sim {

const char* NameOf(IoFault fault) {
  static constexpr std::array<const char*, kIoFaults> kNames = {
      "none",         "read: EIO",     "write: EIO", "write: ENOSPC",
      "write: short", "truncate: EIO", "sync: EIO",  "sync: ENOSPC"};
  return kNames[static_cast<size_t>(fault)];
}

const char* NameOf(DeviceFault fault) {
  static constexpr std::array<const char*, kDeviceFaults> kNames = {
      "none",      "away before", "answer lost",     "short outage",     "long outage", "slow",
      "paused",    "internal",    "internal, done",  "denied",           "keys gone",   "impossible",
      "no memory", "cancelled",   "cancelled, done", "silently not done"};
  return kNames[static_cast<size_t>(fault)];
}

}  // namespace labrec::sim

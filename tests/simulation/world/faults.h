#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace labrec::sim {

// What a system call on a file may say instead of doing its work.
enum class IoFault {
  kNone,
  kReadError,      // EIO
  kWriteError,     // EIO, nothing written
  kNoSpace,        // ENOSPC, nothing written
  kShortWrite,     // a part was written; then there is no space, or there is again
  kTruncateError,  // EIO
  kSyncError,      // EIO; what was written since the last sync may or may not be on the disk, for ever
  kMetadataError,  // ENOSPC from the sync of a file that was made or grew
};
inline constexpr size_t kIoFaults = 8;

// What a device may do instead of answering a command.
enum class DeviceFault {
  kNone,
  kAwayBefore,      // UNAVAILABLE, not done
  kAnswerLost,      // done, and then UNAVAILABLE
  kShortOutage,     // UNAVAILABLE for milliseconds
  kLongOutage,      // UNAVAILABLE for minutes
  kSlow,            // answers after seconds
  kPaused,          // reaches the device milliseconds later, as from a host that was held up
  kInternal,        // INTERNAL, not done
  kInternalDone,    // done, and then INTERNAL
  kDenied,          // PERMISSION_DENIED: authorisation refused
  kKeysGone,        // FAILED_PRECONDITION: another device stands there
  kImpossible,      // DATA_LOSS: an answer that cannot be right
  kNoMemory,        // RESOURCE_EXHAUSTED: out of slots or sessions
  kCancelled,       // CANCELLED, not done
  kCancelledDone,   // done, and then CANCELLED
  kSilentlyNotDone  // says OK and did nothing (a failed NV write that nobody reports); writes only
};
inline constexpr size_t kDeviceFaults = 16;

const char* NameOf(IoFault fault);
const char* NameOf(DeviceFault fault);

// How often each happens, in one call of a thousand.
struct FaultRates {
  std::array<uint32_t, kIoFaults> io{};
  std::array<uint32_t, kDeviceFaults> device{};
};

}  // namespace labrec::sim

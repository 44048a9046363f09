#include "recovery/engine/device/failure.h"

#include "recovery/engine/call/refusal.h"

namespace labrec::recovery {

absl::Status ForCaller(const absl::Status& status) {
  if (status.ok() || absl::IsUnavailable(status)) return status;
  if (absl::IsResourceExhausted(status)) {
    return InOwnWords(
        absl::UnavailableError("the realm's security device has no room at present: send the same again"));
  }
  return InOwnWords(absl::InternalError("the realm's security device failed: send the same again"));
}

}  // namespace labrec::recovery

#include "recovery/store/sealed/key_rotation.h"

#include "hsm/base/status_macros.h"

namespace labrec::recovery {

absl::Status KeyRotation::Run(EarlierKey earlier, int64_t now_ms, const GoOn& go_on) {
  PeriodRing& ring = store_.ring();
  LABREC_RETURN_IF_ERROR(ring.Load());
  if (ring.current()) {
    LABREC_RETURN_IF_ERROR(store_.Reseal(go_on));
    LABREC_RETURN_IF_ERROR(DropEarlier());
  }
  LABREC_RETURN_IF_ERROR(ring.MakeNext(now_ms));
  LABREC_RETURN_IF_ERROR(store_.Reseal(go_on));
  return earlier == EarlierKey::kDestroyed ? DropEarlier() : absl::OkStatus();
}

// Everything is sealed under the current key.
absl::Status KeyRotation::DropEarlier() {
  LABREC_RETURN_IF_ERROR(anchor_batch_());
  return store_.ring().DestroyEarlier();
}

}  // namespace labrec::recovery

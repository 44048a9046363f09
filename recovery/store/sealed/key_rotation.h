#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "absl/status/status.h"

#include "recovery/store/sealed/sealed_store.h"

namespace labrec::recovery {

// What becomes of the period key that was the current one.
enum class EarlierKey {
  kStays,      // until the next rotation: backups of this period can still be accepted
  kDestroyed,  // now: what was replaced or removed until now is lost in every copy, and so is every backup
};

// Goes from one period key to the next. A crash between any two steps loses nothing: keys are only made where
// all that is needed of the earlier ones stays, and destroyed once nothing that the device takes for fresh is
// sealed under them. The next run begins with what was left undone.
//
//   1. whatever is not under the current key is sealed under it, and a batch is anchored;
//   2. earlier keys are destroyed;
//   3. the next key is made, and everything is sealed under it;
//   4. kDestroyed: a batch is anchored, and the key before is destroyed.
//
// Why a batch before a key is destroyed: no epoch passes while directories are sealed anew, so a copy of
// storage from before is as fresh as the original, but unreadable afterwards. Whoever started on it would
// claim the anchor and find nothing. With the batch it is stale, and refused. And the anchor's OK says that
// nobody claimed it by then; who claims it later has storage in which that batch is, and all that was sealed
// before it.
class KeyRotation {
 public:
  // `anchor_batch` returns OK once a batch that was begun after the call is anchored by this process.
  KeyRotation(SealedStore& store, std::function<absl::Status()> anchor_batch)
      : store_(store), anchor_batch_(std::move(anchor_batch)) {}

  using GoOn = std::function<bool(SealedStore::Progress)>;
  // Errors: Reseal's, the device's, and anchor_batch's; each leaves a state that the next run goes on with.
  absl::Status Run(EarlierKey earlier, int64_t now_ms, const GoOn& go_on);

 private:
  absl::Status DropEarlier();

  SealedStore& store_;
  const std::function<absl::Status()> anchor_batch_;
};

}  // namespace labrec::recovery

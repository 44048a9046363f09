#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "recovery/realm/folder.h"
#include "recovery/realm/store_place.h"

namespace labrec::admin {

// Where "anchor accept" rebuilds a ledger: beside the one that is refused, which stays whole until the
// rebuilt one takes its place in a single step. Whoever holds a store from here closes it before Remove and
// PutInPlace.
class RebuiltLedger {
 public:
  virtual ~RebuiltLedger() = default;

  // What an earlier accept left. NOT_FOUND: nothing.
  virtual absl::StatusOr<std::unique_ptr<recovery::Store>> OpenLeft() = 0;
  // Whatever an earlier accept left, if anything.
  virtual absl::Status Remove() = 0;
  // An empty one.
  virtual absl::StatusOr<std::unique_ptr<recovery::Store>> Create() = 0;
  // Nobody has the old one open. A crash leaves the old ledger and the rebuilt one, or the rebuilt one in
  // place.
  virtual absl::Status PutInPlace() = 0;
};

// For the ledger of that folder and place: a file beside its file, or tables beside its tables.
std::unique_ptr<RebuiltLedger> RebuiltLedgerAt(const recovery::RealmFolder& folder,
                                               const recovery::StorePlace& place);

}  // namespace labrec::admin

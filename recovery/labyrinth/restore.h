#pragma once

#include "recovery/labyrinth/mailbox.h"

namespace labrec::recovery::labyrinth {

struct RestoreRequest {
  const AccountName& account;
  ByteView code;         // as the recovery service gave it or a person typed it
  FloorClaims floors;    // as the realms returned them with the code
  DeviceSigner& signer;  // the new device's key
};

struct Restored {
  Mailbox mailbox;  // of the new device, at the newest epoch; save its state at once
  MemberId virtual_device;
  size_t corrected;                   // wrong characters of the code that were mended
  uint64_t first_epoch;               // where the virtual device began to follow
  std::vector<DoubtedFloor> doubted;  // realms whose floor was not believed
};

// From a recovery code to a device that is a member: finds the virtual device, opens its bundle, follows to
// the newest epoch, checks the floor, and only then enrols with fresh keys. Nothing is written before all
// checks passed. `visit` is called for each epoch on the way.
//
// Without a floor (FloorClaims{}: the recovery service keeps none for this record) the store can hide its
// newest epochs unnoticed. CheckFloors says which floors are believed.
//
// INVALID_ARGUMENT: the code (kMalformed, kWrongVersion, kUnknownCode). PERMISSION_DENIED (kLeftOut): the
// virtual device was revoked. DATA_LOSS: kTruncated, kForked, kMissing, kNotOpened, ... And the store's
// errors.
absl::StatusOr<Restored> Restore(MessageStore& store, FloorKeeper& floor_keeper,
                                 const RestoreRequest& request,
                                 const std::function<void(const Epoch&)>& visit);

}  // namespace labrec::recovery::labyrinth

#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "recovery/labyrinth/base/message_store.h"
#include "recovery/labyrinth/epoch/opening_record.h"

namespace labrec::recovery::labyrinth {

// "epoch 7": for messages.
std::string Numbered(uint64_t sequence);

// Who follows: a device or a virtual device. Borrowed.
struct Follower {
  const AccountName& account;
  MemberId id;
  const DhKeyPair& storage;
};

// One step, from what the store gave: `opening` is the next epoch's opening record, `opener_entry` its
// opener's entry in `current`'s member table, `delivery` what the opener sent to the follower. Being in
// `current` is required (its root gives the PSK and the chaining key), so only a member's opening is
// followed. PERMISSION_DENIED (kLeftOut) if the follower is not in the record; DATA_LOSS: kMalformed,
// kWrongSequence, kForked (another predecessor), kWrongMac or kWrongSignature (the opener), kNotOpened (wrong
// sender, recipient, PSK, epoch or record).
absl::StatusOr<Epoch> FollowStep(const Follower& follower, const Epoch& current, ByteView opening,
                                 ByteView opener_entry, ByteView delivery);

// Called with each epoch that was reached.
using EpochVisitor = std::function<void(const Epoch&)>;

// Follows from `start` to the newest epoch, and returns that. DATA_LOSS also: kTruncated if the store's
// newest epoch is older than `start`; kForked if it is another one with the same number; kMissing. And the
// store's errors.
absl::StatusOr<Epoch> FollowToHead(MessageStore& store, const Follower& follower, const Epoch& start,
                                   const EpochVisitor& visit);

// The opening record of an epoch whose keys one has, as the store gives it: proven by its hash. DATA_LOSS
// (kForked) if it is another one; kMissing. And the store's errors.
absl::StatusOr<OpeningRecord> ReadOpening(MessageStore& store, const AccountName& account,
                                          const Epoch& epoch);

}  // namespace labrec::recovery::labyrinth

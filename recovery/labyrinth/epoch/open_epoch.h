#pragma once

#include <span>
#include <vector>

#include "recovery/labyrinth/base/message_store.h"
#include "recovery/labyrinth/epoch/census.h"

namespace labrec::recovery::labyrinth {

// Who opens an epoch. Borrowed.
struct Opener {
  const AccountName& account;
  const Member& member;
  const DhKeyPair& auth;
};

// An epoch that is ready to be committed. Nothing is written yet.
struct EpochPlan {
  Epoch epoch;
  EpochCommit commit;
  std::vector<Member> members;
  std::vector<LeftOut> left_out;
};

// Epoch 0, with a random root and the opener as its only member.
EpochPlan PlanFirstEpoch(const Opener& opener, const EpochId& id);

// The epoch after `current`: takes the census of the current member table by the owner's choice, and sends
// its members, the opener included, the new entropy by HPKE AuthPSK. `current_opening` is the opening record
// of `current`, as the store gave it. Who is revoked is left out, whether the store shows it or not.
// INVALID_ARGUMENT if the opener would revoke itself; DATA_LOSS if the opening record is not the one of
// `current` (kForked) or the opener's own entry is not in the table (kMissing); RESOURCE_EXHAUSTED above 256
// members.
absl::StatusOr<EpochPlan> PlanEpoch(const Opener& opener, const Epoch& current, ByteView current_opening,
                                    std::span<const MemberRow> table, const EpochId& id,
                                    const Choice& choice);

// What is common to sealing and opening a delivery: the opening record and the recipient.
Bytes DeliveryInfo(const AccountName& account, const Digest& opening_hash, const MemberId& recipient);

}  // namespace labrec::recovery::labyrinth

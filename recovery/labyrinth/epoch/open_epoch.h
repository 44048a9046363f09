#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "recovery/labyrinth/base/message_store.h"
#include "recovery/labyrinth/epoch/opening_record.h"

namespace labrec::recovery::labyrinth {

// Who opens an epoch. Borrowed.
struct Opener {
  const AccountName& account;
  const Member& member;
  const DhKeyPair& auth;
};

enum class LeftOutWhy {
  kRevoked,         // that was the purpose
  kMalformed,       // the store gave bytes that are no entry, or another member's
  kWrongMac,        // planted or altered by somebody who does not know the epoch's root
  kWrongSignature,  // altered by a member: its device key did not sign its keys
  kHidden,          // the epoch was opened for it, and the store does not give its entry any more
};
std::string_view LeftOutWhyName(LeftOutWhy why);

struct LeftOut {
  MemberId id;
  LeftOutWhy why;
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

// The epoch after `current`: checks every row of the current member table (form, membership MAC, signatures),
// leaves out `revoked` and whoever fails, and sends the others, the opener included, the new entropy by HPKE
// AuthPSK. `current_opening` is the opening record of `current`, as the store gave it.
// INVALID_ARGUMENT if the opener would revoke itself; NOT_FOUND if `revoked` is no member; DATA_LOSS if the
// opening record is not the one of `current` (kForked) or the opener's own entry is not in the table
// (kMissing); RESOURCE_EXHAUSTED above 256 members.
absl::StatusOr<EpochPlan> PlanEpoch(const Opener& opener, const Epoch& current, ByteView current_opening,
                                    std::span<const MemberRow> table, const EpochId& id,
                                    const std::optional<MemberId>& revoked);

// What is common to sealing and opening a delivery: the opening record and the recipient.
Bytes DeliveryInfo(const AccountName& account, const Digest& opening_hash, const MemberId& recipient);

}  // namespace labrec::recovery::labyrinth

#include "recovery/labyrinth/epoch/check_floors.h"

#include <algorithm>
#include <functional>

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/labyrinth/base/reason.h"
#include "recovery/labyrinth/epoch/backward_edge.h"
#include "recovery/labyrinth/epoch/follow.h"
#include "recovery/labyrinth/epoch/member.h"

namespace labrec::recovery::labyrinth {
namespace {

// What a floor says that does not fit the history that ends with `newest`.
absl::Status Contradiction(const Epoch& newest, const Floor& floor) {
  if (newest.sequence() < floor.sequence) {
    return Damage(Reason::kTruncated, "the store ends at " + Numbered(newest.sequence()) +
                                          ", but the recovery service knows of " + Numbered(floor.sequence) +
                                          ": the store hides the newest epochs");
  }
  return Damage(Reason::kForked, "the store's " + Numbered(floor.sequence) +
                                     " is not the one that the recovery service knows of");
}

// Proven by the epoch's opening record or by its root. That the store shows neither proves nothing.
absl::StatusOr<bool> IsMember(MessageStore& store, const AccountName& account, const Epoch& epoch,
                              const MemberId& device) {
  LABREC_ASSIGN_OR_RETURN(const OpeningRecord opening, ReadOpening(store, account, epoch));
  if (opening.Has(device)) return true;
  const auto entry = store.GetMember(epoch.sequence(), device);
  if (!entry.ok()) return false;
  const auto member = OpenMemberEntry(epoch, account, *entry);
  return member.ok() && member->id == device;
}

// Judges claims from the highest down, so that the way back is walked once.
class FloorJudge {
 public:
  FloorJudge(MessageStore& store, const AccountName& account, const Epoch& newest)
      : store_(store), account_(account), newest_(newest), reached_(newest.Clone()) {}

  absl::Status Judge(const FloorClaim& claim) {
    LABREC_ASSIGN_OR_RETURN(reached_, WalkBack(store_, account_, reached_, claim.floor.sequence));
    if (reached_.GetFloor() == claim.floor) return absl::OkStatus();
    const absl::Status contradiction = Contradiction(newest_, claim.floor);
    LABREC_ASSIGN_OR_RETURN(const bool was_member, IsMember(store_, account_, reached_, claim.device));
    if (was_member) {
      LABREC_ASSIGN_OR_RETURN(const bool is_member, IsMember(store_, account_, newest_, claim.device));
      if (is_member) return contradiction;
    }
    if (first_.ok()) first_ = contradiction;
    doubted_.push_back({claim.realm, "knows of another " + Numbered(claim.floor.sequence) + ", by device " +
                                         Hex(claim.device) + ", which is no member here"});
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<DoubtedFloor>> Verdict(const FloorClaims& floors) && {
    if (floors.answers >= doubted_.size() + floors.needed) return std::move(doubted_);
    if (!doubted_.empty() && doubted_.size() + floors.needed > floors.realms) return first_;
    std::string text = "too few recovery realms say where the epoch floor is";
    for (const DoubtedFloor& doubted : doubted_) text += "; realm " + doubted.realm + " " + doubted.why;
    return Failure(absl::StatusCode::kUnavailable, Reason::kUnproven,
                   text + "; try again when the other realms answer");
  }

 private:
  MessageStore& store_;
  const AccountName& account_;
  const Epoch& newest_;
  Epoch reached_;
  absl::Status first_;
  std::vector<DoubtedFloor> doubted_;
};

}  // namespace

absl::StatusOr<std::vector<DoubtedFloor>> CheckFloors(MessageStore& store, const AccountName& account,
                                                      const Epoch& newest, const FloorClaims& floors) {
  std::vector<FloorClaim> claims = floors.claims;
  std::ranges::stable_sort(claims, std::greater<>(),
                           [](const FloorClaim& claim) { return claim.floor.sequence; });
  FloorJudge judge(store, account, newest);
  for (const FloorClaim& claim : claims) LABREC_RETURN_IF_ERROR(judge.Judge(claim));
  return std::move(judge).Verdict(floors);
}

}  // namespace labrec::recovery::labyrinth

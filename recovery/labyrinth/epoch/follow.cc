#include "recovery/labyrinth/epoch/follow.h"

#include "hsm/base/status_macros.h"
#include "recovery/labyrinth/base/hpke.h"
#include "recovery/labyrinth/base/must_have.h"
#include "recovery/labyrinth/base/reason.h"
#include "recovery/labyrinth/epoch/backward_edge.h"
#include "recovery/labyrinth/epoch/open_epoch.h"

namespace labrec::recovery::labyrinth {
namespace {

absl::Status CheckSuccessor(const OpeningRecord& record, const Epoch& current) {
  if (record.sequence != current.sequence() + 1) {
    return Damage(Reason::kWrongSequence, "the store gave the opening of " + Numbered(record.sequence) +
                                              " as the one after " + Numbered(current.sequence()));
  }
  if (record.previous != current.id()) {
    return Damage(Reason::kForked,
                  Numbered(record.sequence) + " was opened on another history than this device's");
  }
  return absl::OkStatus();
}

absl::Status LeftOutOf(uint64_t sequence) {
  return Failure(absl::StatusCode::kPermissionDenied, Reason::kLeftOut,
                 "this device is not a member of " + Numbered(sequence) + ": it was revoked");
}

absl::StatusOr<Epoch> FetchAndStep(MessageStore& store, const Follower& follower, const Epoch& current) {
  const uint64_t next = current.sequence() + 1;
  LABREC_ASSIGN_OR_RETURN(const StoredEpoch stored, MustHave(store.GetEpoch(next), Numbered(next)));
  LABREC_ASSIGN_OR_RETURN(const OpeningRecord record, OpeningRecord::Parse(follower.account, stored.opening));
  LABREC_RETURN_IF_ERROR(CheckSuccessor(record, current));
  if (!record.Has(follower.id)) return LeftOutOf(next);
  LABREC_ASSIGN_OR_RETURN(const Bytes entry, MustHave(store.GetMember(current.sequence(), record.opener),
                                                      "the opener of " + Numbered(next)));
  LABREC_ASSIGN_OR_RETURN(const Bytes delivery, MustHave(store.GetDelivery(next, follower.id),
                                                         "the delivery of " + Numbered(next)));
  return FollowStep(follower, current, stored.opening, entry, delivery);
}

}  // namespace

std::string Numbered(uint64_t sequence) {
  return "epoch " + std::to_string(sequence);
}

absl::StatusOr<Epoch> FollowStep(const Follower& follower, const Epoch& current, ByteView opening,
                                 ByteView opener_entry, ByteView delivery) {
  LABREC_ASSIGN_OR_RETURN(const OpeningRecord record, OpeningRecord::Parse(follower.account, opening));
  LABREC_RETURN_IF_ERROR(CheckSuccessor(record, current));
  if (!record.Has(follower.id)) return LeftOutOf(record.sequence);
  LABREC_ASSIGN_OR_RETURN(const Member opener, OpenMemberEntry(current, follower.account, opener_entry));
  if (opener.id != record.opener || !opener.auth.has_value()) {
    return Damage(Reason::kMalformed,
                  Numbered(record.sequence) + " was not opened by a device that may open epochs");
  }
  const Digest opening_hash = Sha256(opening);
  const SecretBytes psk = current.NextPsk();
  const Bytes psk_id = current.NextPskId();
  const Bytes info = DeliveryInfo(follower.account, opening_hash, follower.id);
  LABREC_ASSIGN_OR_RETURN(const SecretBytes entropy,
                          HpkeOpen({HpkeAead::kAes256Gcm, info, psk.view(), psk_id}, follower.storage,
                                   opener.auth->key, delivery));
  if (entropy.size() != 32) return Damage(Reason::kMalformed, "an epoch's entropy has 32 bytes");
  return Epoch(record.sequence, record.id, opening_hash, current.NextRoot(entropy.view()));
}

absl::StatusOr<Epoch> FollowToHead(MessageStore& store, const Follower& follower, const Epoch& start,
                                   const EpochVisitor& visit) {
  LABREC_ASSIGN_OR_RETURN(const StoreHead head, MustHave(store.GetHead(), "any epoch"));
  if (head.sequence < start.sequence()) {
    return Damage(Reason::kTruncated, "the store ends at " + Numbered(head.sequence) + ", but " +
                                          Numbered(start.sequence()) + " exists: it hides the newest epochs");
  }
  Epoch epoch = start.Clone();
  visit(epoch);
  while (epoch.sequence() < head.sequence) {
    LABREC_ASSIGN_OR_RETURN(epoch, FetchAndStep(store, follower, epoch));
    visit(epoch);
  }
  if (epoch.id() != head.epoch_id) {
    return Damage(Reason::kForked,
                  "the store's " + Numbered(head.sequence) + " is not the one of this history");
  }
  return epoch;
}

absl::StatusOr<OpeningRecord> ReadOpening(MessageStore& store, const AccountName& account,
                                          const Epoch& epoch) {
  const std::string which = "the opening record of " + Numbered(epoch.sequence());
  LABREC_ASSIGN_OR_RETURN(const StoredEpoch stored, MustHave(store.GetEpoch(epoch.sequence()), which));
  if (Sha256(stored.opening) == epoch.opening_hash()) return OpeningRecord::Parse(account, stored.opening);
  return Damage(Reason::kForked, "the store shows another one than " + which);
}

}  // namespace labrec::recovery::labyrinth

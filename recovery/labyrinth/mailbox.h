#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "recovery/labyrinth/code/recovery_code.h"
#include "recovery/labyrinth/epoch/check_floors.h"
#include "recovery/labyrinth/epoch/open_epoch.h"
#include "recovery/labyrinth/history.h"
#include "recovery/labyrinth/joining.h"

namespace labrec::recovery::labyrinth {

// What opening an epoch did, by the opening record of the epoch that is the newest now.
struct Rotation {
  uint64_t sequence = 0;
  bool opened = false;  // false: another device was faster, with an epoch for nobody else
  std::vector<OpeningRecord::Line> members;  // who is in
  std::vector<LeftOut> left_out;             // by this device; empty if another one opened the epoch
};

// One member, or what should be one, checked.
struct MemberStatus {
  MemberId id{};
  std::optional<Member> member;  // nullopt if `check` failed
  absl::Status check;            // DATA_LOSS also for a member that the store hides (kMissing)
};
// Those that are members: what an owner who looks at the list has seen.
std::vector<OpeningRecord::Line> LinesOf(const std::vector<MemberStatus>& members);

// A device's mailbox: what a messenger's storage side does. It holds no data but the device's state. The
// caller saves that (state().Serialize()) after each call that returns OK, and at once after Create and
// Accept.
//
// The state changes only when all of a call succeeded. It moves to a later epoch only when that epoch's floor
// was raised: so the floor protects an epoch before a message of it is sent, or a device reported as revoked.
// A call may fail, or the process die, between the store's commit and the floor's raise: the next Sync
// finishes.
//
// What the store says, by a status code or a list, is believed of nothing that a call reports as done, but
// that it keeps what it was given: messages, entries, bundles and invitations can be withheld.
//
// One thread at a time; `store` and `floor` outlive it.
class Mailbox {
 public:
  // A new mailbox with this device as its only member: epoch 0. ALREADY_EXISTS if the store says that it has
  // epochs. That it has this one is known after a Sync.
  static absl::StatusOr<Mailbox> Create(MessageStore& store, FloorKeeper& floor, const AccountName& account,
                                        DeviceSigner& signer);
  // A newcomer's first start, after a member invited it. NOT_FOUND if there is no invitation yet.
  static absl::StatusOr<Mailbox> Accept(MessageStore& store, FloorKeeper& floor,
                                        const PendingDevice& pending);
  // Another start. Nothing is asked of the store or the floor before the first call below.
  Mailbox(MessageStore& store, FloorKeeper& floor, DeviceState state)
      : store_(&store), floor_(&floor), state_(std::move(state)) {}

  // Follows to the newest epoch, checks it against the floor, and raises the floor if it lags behind. The
  // calls below that need it do it first, if it was not done yet. PERMISSION_DENIED (kLeftOut) if this device
  // was revoked: it stays at its last epoch. DATA_LOSS (kTruncated, kForked, ...) if the store does not tell
  // the truth.
  absl::Status Sync();

  // Lets a newcomer in. INVALID_ARGUMENT if the request is for another account.
  absl::Status Invite(const JoinRequest& request);

  // At most 1024 bytes of thread name, visible to the store, and 1 MiB of text.
  absl::StatusOr<MessageId> Send(std::string_view thread, int64_t timestamp_ms, ByteView text);

  // Everything up to this device's epoch, from epoch `oldest`. Does not sync: a revoked device may still
  // read.
  absl::StatusOr<HistorySummary> Read(uint64_t oldest, const HistoryVisitor& visitor);

  // Opens an epoch for those members that the owner has seen (LinesOf a list of Members) but `revoked`, as
  // far as the store shows them and they pass the checks. Success means that the newest epoch rose during the
  // call, that its opening record, by its hash, is for nobody else, and that its floor is raised. Whom the
  // store does not show is left out all the same. Errors of PlanEpoch; DATA_LOSS (kMissing) if the store said
  // that it has the epoch and does not show it; ABORTED (kRaced).
  absl::StatusOr<Rotation> Revoke(std::vector<MemberId> revoked, std::vector<OpeningRecord::Line> seen);
  // Opens an epoch for all that pass the checks, or follows whoever is faster. As Revoke.
  absl::StatusOr<Rotation> Rotate() { return Rotate(Choice{}); }

  // The members of the newest epoch, checked: its table, and who stands in its opening record besides.
  absl::StatusOr<std::vector<MemberStatus>> Members();

  // Makes a virtual device and stores its bundle. The caller seals the code in the recovery service or shows
  // it.
  absl::StatusOr<RecoveryCode> MakeRecoveryCode(char identifier);

  const DeviceState& state() const { return state_; }
  // Realms whose floor the last Sync did not believe.
  const std::vector<DoubtedFloor>& doubted() const { return doubted_; }

 private:
  absl::Status SyncOnce();
  absl::Status RaiseTo(const Epoch& epoch);
  absl::Status EnsureSynced() { return synced_ ? absl::OkStatus() : Sync(); }
  absl::StatusOr<StoreHead> CurrentHead();
  absl::StatusOr<Rotation> Rotate(const Choice& choice);
  absl::StatusOr<EpochPlan> Plan(const Choice& choice);
  absl::StatusOr<EpochPlan> CommitRotation(const Choice& choice);
  absl::StatusOr<std::optional<Rotation>> FinishRotation(uint64_t before, const Choice& choice,
                                                         const absl::StatusOr<EpochPlan>& plan);
  template <typename Attempt>
  absl::Status WithRetries(const Attempt& attempt);
  absl::Status AddEntry(const Member& member);

  MessageStore* store_;
  FloorKeeper* floor_;
  DeviceState state_;
  bool synced_ = false;
  std::vector<DoubtedFloor> doubted_;
};

}  // namespace labrec::recovery::labyrinth

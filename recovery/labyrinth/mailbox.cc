#include "recovery/labyrinth/mailbox.h"

#include "hsm/base/status_macros.h"
#include "recovery/labyrinth/base/must_have.h"
#include "recovery/labyrinth/base/reason.h"
#include "recovery/labyrinth/epoch/follow.h"
#include "recovery/labyrinth/epoch/virtual_device.h"

namespace labrec::recovery::labyrinth {
namespace {

// How often somebody else may be faster. Beyond that the store only says so.
constexpr int kMostAttempts = 8;
constexpr size_t kMostThreadBytes = 1024;
constexpr size_t kMostTextBytes = 1U << 20;

absl::Status Raced(std::string_view what) {
  return Failure(absl::StatusCode::kAborted, Reason::kRaced, what);
}

Reason ReasonFor(LeftOutWhy why) {
  switch (why) {
    case LeftOutWhy::kWrongMac:
      return Reason::kWrongMac;
    case LeftOutWhy::kWrongSignature:
      return Reason::kWrongSignature;
    case LeftOutWhy::kHidden:
      return Reason::kMissing;
    default:
      return Reason::kMalformed;
  }
}

}  // namespace

std::vector<OpeningRecord::Line> LinesOf(const std::vector<MemberStatus>& members) {
  std::vector<OpeningRecord::Line> lines;
  for (const MemberStatus& status : members) {
    if (status.member.has_value()) lines.push_back(LineOf(*status.member));
  }
  return lines;
}

absl::StatusOr<Mailbox> Mailbox::Create(MessageStore& store, FloorKeeper& floor, const AccountName& account,
                                        DeviceSigner& signer) {
  if (const auto head = store.GetHead(); !absl::IsNotFound(head.status())) {
    LABREC_RETURN_IF_ERROR(head.status());
    return absl::AlreadyExistsError("the account has a mailbox in this store already");
  }
  LABREC_ASSIGN_OR_RETURN(PendingDevice device, PendingDevice::Make(account, signer));
  LABREC_ASSIGN_OR_RETURN(const EpochId id, store.NewEpochId());
  EpochPlan plan = PlanFirstEpoch({account, device.self, device.auth}, id);
  const absl::Status committed = store.CommitEpoch(std::nullopt, plan.commit);
  if (absl::IsAborted(committed)) return absl::AlreadyExistsError("another device has just made the mailbox");
  LABREC_RETURN_IF_ERROR(committed);
  return Mailbox(store, floor,
                 DeviceState{account, device.self, std::move(device.storage), std::move(device.auth),
                             std::move(plan.epoch)});
}

absl::StatusOr<Mailbox> Mailbox::Accept(MessageStore& store, FloorKeeper& floor,
                                        const PendingDevice& pending) {
  LABREC_ASSIGN_OR_RETURN(const Bytes invitation, store.GetInvitation(pending.self.id));
  LABREC_ASSIGN_OR_RETURN(DeviceState state, OpenInvitation(pending, invitation));
  return Mailbox(store, floor, std::move(state));
}

// Runs `attempt` until it returns something else than ABORTED, following in between.
template <typename Attempt>
absl::Status Mailbox::WithRetries(const Attempt& attempt) {
  LABREC_RETURN_IF_ERROR(EnsureSynced());
  for (int i = 0; i < kMostAttempts; ++i) {
    const absl::Status status = attempt();
    if (!absl::IsAborted(status)) return status;
    LABREC_RETURN_IF_ERROR(Sync());
  }
  return Raced("others were faster 8 times; try again");
}

absl::Status Mailbox::Sync() {
  for (int i = 0; i < kMostAttempts; ++i) {
    const absl::Status status = SyncOnce();
    if (ReasonOf(status) != Reason::kRaced) return status;  // a store's ABORTED is not the floor's
  }
  return Raced("the epoch floor rose 8 times while this device followed; try again");
}

absl::Status Mailbox::SyncOnce() {
  synced_ = false;
  // The floor is read first: so it cannot be newer than what the store shows afterwards.
  LABREC_ASSIGN_OR_RETURN(const FloorClaims floors, floor_->ReadFloor());
  const Follower follower{state_.account, state_.self.id, state_.storage};
  LABREC_ASSIGN_OR_RETURN(Epoch newest, FollowToHead(*store_, follower, state_.epoch, [](const Epoch&) {}));
  LABREC_ASSIGN_OR_RETURN(doubted_, CheckFloors(*store_, state_.account, newest, floors));
  LABREC_RETURN_IF_ERROR(RaiseTo(newest));
  state_.epoch = std::move(newest);
  synced_ = true;
  return absl::OkStatus();
}

// The floor is raised also where it stands there already: of several realms that keep it, some may lag
// behind.
absl::Status Mailbox::RaiseTo(const Epoch& epoch) {
  const absl::Status raised = floor_->RaiseFloor(epoch.GetFloor());
  // Somebody raised it further meanwhile: look again.
  if (absl::IsFailedPrecondition(raised)) return Raced("the epoch floor rose meanwhile");
  return raised;
}

absl::StatusOr<StoreHead> Mailbox::CurrentHead() {
  LABREC_ASSIGN_OR_RETURN(const StoreHead head, store_->GetHead());
  if (head.epoch_id != state_.epoch.id()) return Raced("another epoch was opened meanwhile");
  return head;
}

absl::Status Mailbox::AddEntry(const Member& member) {
  LABREC_ASSIGN_OR_RETURN(const StoreHead head, CurrentHead());
  return store_->AddMember(head, {member.id, MakeMemberEntry(state_.epoch, state_.account, member)});
}

absl::Status Mailbox::Invite(const JoinRequest& request) {
  if (request.account != state_.account) {
    return absl::InvalidArgumentError("the device asks to join another account");
  }
  return WithRetries([&]() -> absl::Status {
    LABREC_RETURN_IF_ERROR(AddEntry(request.member));
    return store_->PutInvitation(request.member.id, MakeInvitation(state_, request));
  });
}

absl::StatusOr<MessageId> Mailbox::Send(std::string_view thread, int64_t timestamp_ms, ByteView text) {
  if (thread.size() > kMostThreadBytes || text.size() > kMostTextBytes) {
    return absl::InvalidArgumentError("a thread's name has at most 1024 bytes, a text 1 MiB");
  }
  const MessageId id = RandomId();
  const absl::Status sent = WithRetries([&] {
    MessageCipher cipher(state_.account, state_.epoch);
    return store_->AppendMessage(state_.epoch.id(), cipher.Seal(thread, id, timestamp_ms, text));
  });
  if (!sent.ok()) return sent;
  return id;
}

absl::StatusOr<HistorySummary> Mailbox::Read(uint64_t oldest, const HistoryVisitor& visitor) {
  return ReadHistory(*store_, state_.account, state_.epoch, oldest, visitor);
}

absl::StatusOr<EpochPlan> Mailbox::Plan(const Choice& choice) {
  const uint64_t sequence = state_.epoch.sequence();
  LABREC_ASSIGN_OR_RETURN(const StoredEpoch stored,
                          MustHave(store_->GetEpoch(sequence), "the current epoch"));
  LABREC_ASSIGN_OR_RETURN(const std::vector<MemberRow> table,
                          MustHave(store_->ListMembers(sequence), "the member table"));
  LABREC_ASSIGN_OR_RETURN(const EpochId id, store_->NewEpochId());
  return PlanEpoch({state_.account, state_.self, state_.auth}, state_.epoch, stored.opening, table, id,
                   choice);
}

absl::StatusOr<EpochPlan> Mailbox::CommitRotation(const Choice& choice) {
  LABREC_ASSIGN_OR_RETURN(const StoreHead head, CurrentHead());
  LABREC_ASSIGN_OR_RETURN(EpochPlan plan, Plan(choice));
  LABREC_RETURN_IF_ERROR(store_->CommitEpoch(head, plan.commit));
  return plan;
}

absl::StatusOr<Rotation> Mailbox::Revoke(std::vector<MemberId> revoked,
                                         std::vector<OpeningRecord::Line> seen) {
  seen.push_back(LineOf(state_.self));
  return Rotate(Choice{std::move(revoked), std::move(seen)});
}

absl::StatusOr<Rotation> Mailbox::Rotate(const Choice& choice) {
  LABREC_RETURN_IF_ERROR(EnsureSynced());
  const uint64_t before = state_.epoch.sequence();
  for (int i = 0; i < kMostAttempts; ++i) {
    const auto plan = CommitRotation(choice);
    if (!plan.ok() && !absl::IsAborted(plan.status())) return plan.status();
    LABREC_ASSIGN_OR_RETURN(const std::optional<Rotation> rotation, FinishRotation(before, choice, plan));
    if (rotation.has_value()) return *rotation;
  }
  return Raced("the store says that other devices were faster 8 times; try again");
}

// Moves on by following, as every other member does, and looks at what is there: the store's OK and its
// ABORTED prove nothing. nullopt if the epoch that was wanted is not there, and nobody said that it was.
absl::StatusOr<std::optional<Rotation>> Mailbox::FinishRotation(uint64_t before, const Choice& choice,
                                                                const absl::StatusOr<EpochPlan>& plan) {
  if (const absl::Status synced = Sync(); !synced.ok()) {
    if (!plan.ok()) return synced;
    return Failure(synced.code(), ReasonOf(synced),
                   "the store says that it has epoch " + std::to_string(plan->epoch.sequence()) +
                       ", which does not count before its floor is raised; sync again: " +
                       std::string(synced.message()));
  }
  const uint64_t sequence = state_.epoch.sequence();
  if (sequence > before) {
    LABREC_ASSIGN_OR_RETURN(const OpeningRecord record, ReadOpening(*store_, state_.account, state_.epoch));
    const bool own = plan.ok() && plan->epoch.opening_hash() == state_.epoch.opening_hash();
    if (choice.IsKeptBy(record)) {
      return Rotation{sequence, own, record.members, own ? plan->left_out : std::vector<LeftOut>()};
    }
  }
  if (plan.ok() && sequence < plan->epoch.sequence()) {
    return Damage(Reason::kMissing, "the store said that it has epoch " +
                                        std::to_string(plan->epoch.sequence()) + ", and does not show it");
  }
  return std::optional<Rotation>();
}

absl::StatusOr<std::vector<MemberStatus>> Mailbox::Members() {
  LABREC_RETURN_IF_ERROR(EnsureSynced());
  LABREC_ASSIGN_OR_RETURN(const OpeningRecord opening, ReadOpening(*store_, state_.account, state_.epoch));
  LABREC_ASSIGN_OR_RETURN(const std::vector<MemberRow> table,
                          MustHave(store_->ListMembers(state_.epoch.sequence()), "the member table"));
  const Census census = TakeCensus(state_.account, state_.epoch, opening, table, Choice{});
  std::vector<MemberStatus> members;
  for (const Member& member : census.members) members.push_back({member.id, member, absl::OkStatus()});
  for (const LeftOut& left : census.left_out) {
    members.push_back({left.id, std::nullopt, Damage(ReasonFor(left.why), LeftOutWhyName(left.why))});
  }
  return members;
}

absl::StatusOr<RecoveryCode> Mailbox::MakeRecoveryCode(char identifier) {
  RecoveryCode code = RecoveryCode::Generate(identifier);
  const VirtualDeviceSecrets secrets = code.Derive(state_.account);
  const VirtualDevice device = VirtualDevice::Generate(secrets.id);
  SoftwareSigner signer(device.device_key.Clone());
  LABREC_ASSIGN_OR_RETURN(const Member member,
                          MakeVirtualDevice(state_.account, secrets.id, signer, device.storage.public_key()));
  const absl::Status made = WithRetries([&]() -> absl::Status {
    const Bytes bundle = SealBundle(state_.account, secrets.key.view(), device, state_.epoch);
    LABREC_RETURN_IF_ERROR(store_->PutBundle(secrets.id, bundle));
    return AddEntry(member);
  });
  if (!made.ok()) return made;
  return code;
}

}  // namespace labrec::recovery::labyrinth

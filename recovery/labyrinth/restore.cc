#include "recovery/labyrinth/restore.h"

#include "hsm/base/status_macros.h"
#include "recovery/labyrinth/base/must_have.h"
#include "recovery/labyrinth/base/reason.h"
#include "recovery/labyrinth/epoch/follow.h"
#include "recovery/labyrinth/epoch/virtual_device.h"

namespace labrec::recovery::labyrinth {
namespace {

constexpr int kMostRestarts = 8;

absl::StatusOr<OpenedBundle> FetchBundle(MessageStore& store, const AccountName& account,
                                         const VirtualDeviceSecrets& secrets) {
  LABREC_ASSIGN_OR_RETURN(const Bytes bundle,
                          MustHave(store.GetBundle(secrets.id), "the virtual device's bundle"));
  return OpenBundle(account, secrets, bundle);
}

struct Enrolled {
  Epoch newest;
  std::vector<DoubtedFloor> doubted;
};

// Follows, checks, enrols. ABORTED if an epoch was opened meanwhile.
absl::StatusOr<Enrolled> EnrolOnce(MessageStore& store, const RestoreRequest& request,
                                   const OpenedBundle& bundle, const Member& newcomer,
                                   const EpochVisitor& visit) {
  const Follower follower{request.account, bundle.device.id, bundle.device.storage};
  LABREC_ASSIGN_OR_RETURN(Epoch newest, FollowToHead(store, follower, bundle.epoch, visit));
  LABREC_ASSIGN_OR_RETURN(std::vector<DoubtedFloor> doubted,
                          CheckFloors(store, request.account, newest, request.floors));
  LABREC_ASSIGN_OR_RETURN(const StoreHead head, store.GetHead());
  if (head.epoch_id != newest.id()) return absl::AbortedError("an epoch was opened meanwhile");
  LABREC_RETURN_IF_ERROR(
      store.AddMember(head, {newcomer.id, MakeMemberEntry(newest, request.account, newcomer)}));
  return Enrolled{std::move(newest), std::move(doubted)};
}

absl::StatusOr<Enrolled> Enrol(MessageStore& store, const RestoreRequest& request, const OpenedBundle& bundle,
                               const Member& newcomer, const EpochVisitor& visit) {
  for (int i = 0; i < kMostRestarts; ++i) {
    auto enrolled = EnrolOnce(store, request, bundle, newcomer, visit);
    if (!absl::IsAborted(enrolled.status())) return enrolled;
  }
  return Failure(absl::StatusCode::kAborted, Reason::kRaced,
                 "the store says that other devices were faster 8 times; try again");
}

}  // namespace

absl::StatusOr<Restored> Restore(MessageStore& store, FloorKeeper& floor_keeper,
                                 const RestoreRequest& request,
                                 const std::function<void(const Epoch&)>& visit) {
  LABREC_ASSIGN_OR_RETURN(const std::vector<MemberId> known, store.ListBundles());
  LABREC_ASSIGN_OR_RETURN(const MendedCode mended, RecoveryCode::Mend(request.code, request.account, known));
  LABREC_ASSIGN_OR_RETURN(const OpenedBundle bundle, FetchBundle(store, request.account, mended.secrets));
  LABREC_ASSIGN_OR_RETURN(PendingDevice device, PendingDevice::Make(request.account, request.signer));
  LABREC_ASSIGN_OR_RETURN(Enrolled enrolled, Enrol(store, request, bundle, device.self, visit));
  Mailbox mailbox(store, floor_keeper,
                  DeviceState{request.account, device.self, std::move(device.storage), std::move(device.auth),
                              std::move(enrolled.newest)});
  return Restored{std::move(mailbox), mended.secrets.id, mended.corrected, bundle.epoch.sequence(),
                  std::move(enrolled.doubted)};
}

}  // namespace labrec::recovery::labyrinth

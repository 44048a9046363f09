#include <algorithm>
#include <cstdio>
#include <set>

#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "recovery/client/enroll.h"
#include "recovery/client/revoke_device.h"
#include "recovery/client/status.h"
#include "tools/mailbox/command_steps.h"
#include "tools/mailbox/commands.h"
#include "tools/mailbox/output.h"

// "labyrinth-mailbox device ...".
namespace labrec::mailbox {

using recovery::client::DeviceKey;
using recovery::labyrinth::Choice;
using recovery::labyrinth::JoinRequest;
using recovery::labyrinth::Mailbox;
using recovery::labyrinth::MemberId;
using recovery::labyrinth::MemberKind;
using recovery::labyrinth::MemberStatus;
using recovery::labyrinth::OpeningRecord;
using recovery::labyrinth::ParseId;
using recovery::labyrinth::PendingDevice;
using recovery::labyrinth::Rotation;

namespace {

constexpr size_t kShortestIdPrefix = 4;
constexpr char kAddedName[] = "labyrinth-mailbox, added";

bool StartsWith(const MemberId& id, const std::string& prefix) {
  return Hex(id).starts_with(prefix);
}

// The one id that begins so, of those in the list or shown before. A whole id need not be there: that a store
// does not show a device does not make it no member.
absl::StatusOr<MemberId> FindMember(const std::vector<MemberStatus>& members,
                                    const std::vector<OpeningRecord::Line>& seen, const std::string& prefix) {
  if (prefix.size() < kShortestIdPrefix)
    return absl::InvalidArgumentError("give at least 4 digits of the id");
  if (const auto bytes = FromHex(prefix); bytes.ok() && ParseId(*bytes).has_value()) return *ParseId(*bytes);
  std::set<MemberId> found;
  for (const MemberStatus& member : members) {
    if (StartsWith(member.id, prefix)) found.insert(member.id);
  }
  for (const OpeningRecord::Line& line : seen) {
    if (StartsWith(line.id, prefix)) found.insert(line.id);
  }
  if (found.empty()) return absl::NotFoundError("no member's id begins with " + prefix);
  if (found.size() > 1) return absl::InvalidArgumentError("several members' ids begin with " + prefix);
  return *found.begin();
}

// Who is revoked, of what the owner has been shown: nobody else may be among the members, or the store could
// show a thief's second device when it is too late to look.
absl::Status CheckAllWereSeen(const std::vector<MemberStatus>& members, const Choice& choice,
                              const MemberId& self) {
  bool all_seen = true;
  for (const MemberStatus& member : members) {
    const bool in = member.member.has_value() && member.id != self && !choice.Revokes(member.id);
    if (!in || choice.HasSeen(LineOf(*member.member))) continue;
    std::fprintf(stderr, "not shown before: %s\n", MemberLine(member, self).c_str());
    all_seen = false;
  }
  if (all_seen) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "nobody is revoked yet: there are members that device list has not shown here. Look at it, then "
      "revoke, naming also those that do not belong there");
}

// Enrols the newcomer at the realms that keep this mailbox's floor, signed by this device.
absl::Status EnrollNewcomer(Session& session, Home& newcomer) {
  if (!session.floor_is_in_realms()) return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(const cli::Connection* connection, session.Realms());
  LABREC_ASSIGN_OR_RETURN(const DeviceKey own, DeviceKey::Load(session.home.DeviceKeyPath()));
  LABREC_ASSIGN_OR_RETURN(const DeviceKey key, DeviceKey::Load(newcomer.DeviceKeyPath()));
  const auto reports = EnrollDevice(*connection->realms, key, kAddedName, &own);
  if (WarnOfRealms(reports, "enrolling") < connection->threshold) {
    return absl::UnavailableError("too few realms have enrolled the new device; run there: device enroll");
  }
  return absl::OkStatus();
}

// A PIN that the device sealed is void with it, where nobody activated its version yet.
void WarnOfUnactivated(const cli::Connection& connection, const std::string& record, const MemberId& device) {
  const auto status = recovery::client::GetStatus(*connection.realms, record, connection.threshold);
  for (const uint32_t version : recovery::client::UnactivatedOf(status, device)) {
    std::fprintf(
        stderr,
        "version %u of record %s was registered by this device and never activated: it goes with it, "
        "and the PIN of the version before counts\n",
        version, record.c_str());
  }
}

absl::Status RevokeAtRealms(Session& session, const MemberId& device) {
  if (!session.floor_is_in_realms()) return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(const cli::Connection* connection, session.Realms());
  LABREC_ASSIGN_OR_RETURN(const DeviceKey own, DeviceKey::Load(session.home.DeviceKeyPath()));
  WarnOfUnactivated(*connection, session.record, device);
  const auto reports = recovery::client::RevokeDevice(*connection->realms, device, own);
  if (WarnOfRealms(reports, "revoking") == reports.size()) {
    std::printf("revoked at %zu realms\n", reports.size());
    return absl::OkStatus();
  }
  return absl::UnavailableError(
      "the device can read nothing new, but some realms may still know it; run again: device revoke " +
      Hex(device));
}

bool IsRecoveryCode(const std::vector<MemberStatus>& members, const MemberId& id) {
  return std::ranges::any_of(members, [&](const MemberStatus& member) {
    return member.id == id && member.member.has_value() && member.member->kind == MemberKind::kVirtualDevice;
  });
}

absl::Status RevokeAtRealms(Session& session, const std::vector<MemberStatus>& members,
                            const std::vector<MemberId>& revoked) {
  absl::Status all;
  for (const MemberId& id : revoked) {
    if (!IsRecoveryCode(members, id)) all.Update(RevokeAtRealms(session, id));
  }
  return all;
}

}  // namespace

absl::Status ShowDeviceKey(Session& session) {
  LABREC_ASSIGN_OR_RETURN(const DeviceKey key, DeviceKey::Load(session.home.DeviceKeyPath()));
  std::fputs(key.public_key().Pem().c_str(), stdout);
  return absl::OkStatus();
}

absl::Status AddLocalDevice(Session& session, const std::filesystem::path& new_home) {
  LABREC_ASSIGN_OR_RETURN(Mailbox mailbox, session.OpenMailbox());
  Home home(new_home);
  LABREC_ASSIGN_OR_RETURN(const PendingDevice pending, MakePending(home, mailbox.state().account));
  LABREC_RETURN_IF_ERROR(mailbox.Invite(pending.Request()));
  LABREC_RETURN_IF_ERROR(session.home.SaveState(mailbox.state()));
  LABREC_ASSIGN_OR_RETURN(const Mailbox newcomer, Mailbox::Accept(*session.store, *session.floor, pending));
  // Before the state: a newcomer that dies in between is no member that believes the store.
  if (session.floor_is_in_realms()) LABREC_RETURN_IF_ERROR(home.SaveRecord(session.record));
  LABREC_RETURN_IF_ERROR(home.SaveState(newcomer.state()));
  home.ForgetPending();
  LABREC_RETURN_IF_ERROR(EnrollNewcomer(session, home));
  PrintSelf(newcomer);
  return absl::OkStatus();
}

absl::Status RequestDevice(Session& session, const std::filesystem::path& request) {
  LABREC_ASSIGN_OR_RETURN(const PendingDevice pending, MakePending(session.home, session.account));
  LABREC_RETURN_IF_ERROR(WriteFile(request, pending.Request().Serialize().view(), 0600, Overwrite::kRefuse));
  std::printf("device %s\ncarry %s to a device that is a member, and run there: device add --request FILE\n",
              Hex(pending.self.id).c_str(), request.c_str());
  return absl::OkStatus();
}

absl::Status AddRequestingDevice(Session& session, const std::filesystem::path& request) {
  LABREC_ASSIGN_OR_RETURN(Mailbox mailbox, session.OpenMailbox());
  LABREC_ASSIGN_OR_RETURN(const SecretBytes content, ReadSecretFile(request));
  LABREC_ASSIGN_OR_RETURN(const JoinRequest parsed, JoinRequest::Parse(content.view()));
  LABREC_RETURN_IF_ERROR(mailbox.Invite(parsed));
  LABREC_RETURN_IF_ERROR(session.home.SaveState(mailbox.state()));
  std::printf("let in device %s; run there: device accept\n", Hex(parsed.member.id).c_str());
  if (session.floor_is_in_realms()) std::printf("and then, for the epoch floor: device enroll\n");
  return absl::OkStatus();
}

absl::Status AcceptDevice(Session& session) {
  LABREC_ASSIGN_OR_RETURN(const PendingDevice pending, session.home.LoadPending());
  LABREC_ASSIGN_OR_RETURN(Mailbox mailbox, Mailbox::Accept(*session.store, *session.floor, pending));
  session.WarnOfNoFloor();
  LABREC_RETURN_IF_ERROR(SaveAndSync(session, mailbox));
  session.home.ForgetPending();
  PrintSelf(mailbox);
  return absl::OkStatus();
}

absl::Status ListDevices(Session& session) {
  LABREC_ASSIGN_OR_RETURN(Mailbox mailbox, session.OpenMailbox());
  LABREC_ASSIGN_OR_RETURN(const std::vector<MemberStatus> members, mailbox.Members());
  LABREC_RETURN_IF_ERROR(session.home.SaveState(mailbox.state()));
  session.WarnOfFloor(mailbox.doubted());
  std::printf("epoch %llu\n", static_cast<unsigned long long>(mailbox.state().epoch.sequence()));
  for (const MemberStatus& member : members) {
    std::printf("%s\n", MemberLine(member, mailbox.state().self.id).c_str());
  }
  return session.home.SaveSeen(LinesOf(members));
}

absl::Status RevokeDevices(Session& session, const std::vector<std::string>& ids) {
  LABREC_ASSIGN_OR_RETURN(Mailbox mailbox, session.OpenMailbox());
  const MemberId self = mailbox.state().self.id;
  LABREC_ASSIGN_OR_RETURN(const std::vector<MemberStatus> members, mailbox.Members());
  LABREC_ASSIGN_OR_RETURN(const std::vector<OpeningRecord::Line> seen, session.home.Seen());
  Choice choice{{}, seen};
  for (const std::string& id : ids) {
    LABREC_ASSIGN_OR_RETURN(choice.revoked.emplace_back(), FindMember(members, seen, id));
  }
  LABREC_RETURN_IF_ERROR(CheckAllWereSeen(members, choice, self));
  LABREC_ASSIGN_OR_RETURN(const Rotation rotation, mailbox.Revoke(choice.revoked, seen));
  LABREC_RETURN_IF_ERROR(session.home.SaveState(mailbox.state()));
  session.WarnOfFloor(mailbox.doubted());
  PrintRotation(rotation, members, self);
  LABREC_RETURN_IF_ERROR(session.home.SaveSeen(rotation.members));
  return RevokeAtRealms(session, members, choice.revoked);
}

}  // namespace labrec::mailbox

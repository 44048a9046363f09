#include <cstdio>

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
using recovery::labyrinth::JoinRequest;
using recovery::labyrinth::Mailbox;
using recovery::labyrinth::MemberId;
using recovery::labyrinth::MemberKind;
using recovery::labyrinth::MemberStatus;
using recovery::labyrinth::ParseId;
using recovery::labyrinth::PendingDevice;
using recovery::labyrinth::Rotation;

namespace {

constexpr size_t kShortestIdPrefix = 4;
constexpr char kAddedName[] = "labyrinth-mailbox, added";

// The one member whose id begins so.
absl::StatusOr<MemberStatus> FindMember(Mailbox& mailbox, const std::string& prefix) {
  if (prefix.size() < kShortestIdPrefix)
    return absl::InvalidArgumentError("give at least 4 digits of the id");
  LABREC_ASSIGN_OR_RETURN(const std::vector<MemberStatus> members, mailbox.Members());
  std::optional<MemberStatus> found;
  for (const MemberStatus& member : members) {
    if (!Hex(member.id).starts_with(prefix)) continue;
    if (found.has_value()) return absl::InvalidArgumentError("several members' ids begin with " + prefix);
    found = member;
  }
  if (!found.has_value()) return absl::NotFoundError("no member's id begins with " + prefix);
  return *found;
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
  return newcomer.SaveRecord(session.record);
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
      "the device can read nothing new, but some realms still know it; run again: "
      "device revoke " +
      Hex(device));
}

absl::Status RevokeMember(Session& session, Mailbox& mailbox, const MemberStatus& member) {
  LABREC_ASSIGN_OR_RETURN(const Rotation rotation, mailbox.Revoke(member.id));
  LABREC_RETURN_IF_ERROR(session.home.SaveState(mailbox.state()));
  session.WarnOfRealmsBehind();
  PrintRotation(rotation);
  const bool is_code = member.member.has_value() && member.member->kind == MemberKind::kVirtualDevice;
  return is_code ? absl::OkStatus() : RevokeAtRealms(session, member.id);
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
  LABREC_RETURN_IF_ERROR(SaveAndSync(session, mailbox));
  session.home.ForgetPending();
  PrintSelf(mailbox);
  return absl::OkStatus();
}

absl::Status ListDevices(Session& session) {
  LABREC_ASSIGN_OR_RETURN(Mailbox mailbox, session.OpenMailbox());
  LABREC_ASSIGN_OR_RETURN(const std::vector<MemberStatus> members, mailbox.Members());
  LABREC_RETURN_IF_ERROR(session.home.SaveState(mailbox.state()));
  std::printf("epoch %llu\n", static_cast<unsigned long long>(mailbox.state().epoch.sequence()));
  for (const MemberStatus& member : members) PrintMember(member, mailbox.state().self.id);
  return absl::OkStatus();
}

absl::Status RevokeDevice(Session& session, const std::string& id) {
  LABREC_ASSIGN_OR_RETURN(Mailbox mailbox, session.OpenMailbox());
  const absl::StatusOr<MemberStatus> member = FindMember(mailbox, id);
  if (member.ok()) return RevokeMember(session, mailbox, *member);
  // No member any more: what is left of an earlier attempt.
  const auto bytes = FromHex(id);
  const auto whole = bytes.ok() ? ParseId(*bytes) : std::nullopt;
  const bool again = absl::IsNotFound(member.status()) && whole.has_value() && session.floor_is_in_realms();
  return again ? RevokeAtRealms(session, *whole) : member.status();
}

}  // namespace labrec::mailbox

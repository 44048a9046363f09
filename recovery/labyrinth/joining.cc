#include "recovery/labyrinth/joining.h"

#include "hsm/base/status_macros.h"
#include "recovery/labyrinth/base/hpke.h"
#include "recovery/labyrinth/base/labels.h"
#include "recovery/labyrinth/base/reason.h"
#include "recovery/labyrinth/base/secret_join.h"

namespace labrec::recovery::labyrinth {
namespace {

constexpr size_t kPairingSecretSize = 32;

absl::Status NoRequest(Reason reason) {
  return Failure(absl::StatusCode::kInvalidArgument, reason, "the bytes are not a device's request to join");
}

// The context names both members: the invitation is for this newcomer, from this member.
Bytes InvitationInfo(const AccountName& account, const Member& inviter, const Member& newcomer) {
  return Bound(kLabelInvitation, account).Lp(inviter.Encode()).Lp(newcomer.Encode()).bytes();
}

}  // namespace

SecretBytes JoinRequest::Serialize() const {
  const Bytes head = Bound(kLabelJoin, account).Lp(member.Encode()).bytes();
  return Join({head, pairing_secret.view()});
}

absl::StatusOr<JoinRequest> JoinRequest::Parse(ByteView serialized) {
  Reader reader(serialized);
  if (AsText(reader.Lp()) != kLabelJoin) return NoRequest(Reason::kMalformed);
  AccountName account{ToString(reader.Lp()), ToString(reader.Lp())};
  const auto member = ParseMember(reader.Lp());
  const ByteView secret = reader.Raw(kPairingSecretSize);
  if (!reader.AtEnd() || !member.ok() || member->kind != MemberKind::kDevice) {
    return NoRequest(Reason::kMalformed);
  }
  if (!CheckSignatures(account, *member).ok()) return NoRequest(Reason::kWrongSignature);
  return JoinRequest{std::move(account), *member, SecretBytes::CopyOf(secret)};
}

absl::StatusOr<PendingDevice> PendingDevice::Make(const AccountName& account, DeviceSigner& signer) {
  DhKeyPair storage = DhKeyPair::Generate();
  DhKeyPair auth = DhKeyPair::Generate();
  LABREC_ASSIGN_OR_RETURN(const Member self,
                          MakeDevice(account, signer, storage.public_key(), auth.public_key()));
  return PendingDevice{account, self, std::move(storage), std::move(auth),
                       SecretBytes::Random(kPairingSecretSize)};
}

SecretBytes PendingDevice::Serialize() const {
  const Bytes head = Bound(kLabelPending, account).Lp(self.Encode()).bytes();
  return Join({head, storage.SecretScalar().SecretBytesView(), auth.SecretScalar().SecretBytesView(),
               pairing_secret.view()});
}

absl::StatusOr<PendingDevice> PendingDevice::Parse(ByteView serialized) {
  Reader reader(serialized);
  const bool ours = AsText(reader.Lp()) == kLabelPending;
  AccountName account{ToString(reader.Lp()), ToString(reader.Lp())};
  const auto self = ParseMember(reader.Lp());
  auto storage = P256Scalar::Parse(reader.Raw(32));
  auto auth = P256Scalar::Parse(reader.Raw(32));
  const ByteView secret = reader.Raw(kPairingSecretSize);
  const bool whole = ours && reader.AtEnd() && self.ok() && storage.ok() && auth.ok();
  if (!whole || !self->auth.has_value()) return Damage(Reason::kMalformed, "the bytes are no waiting device");
  PendingDevice pending{std::move(account), *self, DhKeyPair(*std::move(storage)),
                        DhKeyPair(*std::move(auth)), SecretBytes::CopyOf(secret)};
  const bool keys_fit = pending.self.storage.key == pending.storage.public_key() &&
                        pending.self.auth->key == pending.auth.public_key();
  if (!keys_fit) return Damage(Reason::kMalformed, "a waiting device's keys do not belong together");
  return pending;
}

Bytes MakeInvitation(const DeviceState& inviter, const JoinRequest& request) {
  const Bytes info = InvitationInfo(inviter.account, inviter.self, request.member);
  const HpkeParameters parameters{HpkeAead::kAes256Gcm, info, request.pairing_secret.view(),
                                  AsBytes(kLabelInvitation)};
  return Writer()
      .Lp(inviter.self.Encode())
      .Raw(HpkeSeal(parameters, request.member.storage.key, inviter.auth,
                    inviter.epoch.SecretEncoding().view()))
      .bytes();
}

absl::StatusOr<DeviceState> OpenInvitation(const PendingDevice& pending, ByteView invitation) {
  Reader reader(invitation);
  const ByteView encoding = reader.Lp();
  const ByteView sealed = reader.Raw(reader.remaining());
  LABREC_ASSIGN_OR_RETURN(const Member inviter, ParseMember(encoding));
  LABREC_RETURN_IF_ERROR(CheckSignatures(pending.account, inviter));
  if (!inviter.auth.has_value()) return Damage(Reason::kMalformed, "a virtual device cannot invite");
  const Bytes info = InvitationInfo(pending.account, inviter, pending.self);
  LABREC_ASSIGN_OR_RETURN(
      const SecretBytes encoded,
      HpkeOpen({HpkeAead::kAes256Gcm, info, pending.pairing_secret.view(), AsBytes(kLabelInvitation)},
               pending.storage, inviter.auth->key, sealed));
  auto epoch = Epoch::Decode(encoded.view());
  if (!epoch.has_value()) return Damage(Reason::kMalformed, "an invitation holds no epoch");
  return DeviceState{pending.account, pending.self, pending.storage.Clone(), pending.auth.Clone(),
                     *std::move(epoch)};
}

}  // namespace labrec::recovery::labyrinth

#include "recovery/labyrinth/epoch/member.h"

#include <algorithm>

#include "hsm/base/status_macros.h"
#include "recovery/labyrinth/base/labels.h"
#include "recovery/labyrinth/base/reason.h"

namespace labrec::recovery::labyrinth {
namespace {

Bytes SignedBytes(std::string_view purpose, const AccountName& account, const MemberId& id,
                  const P256Point& key) {
  return Bound(purpose, account).Raw(id).Raw(key.Compressed()).bytes();
}

absl::StatusOr<SignedKey> SignKey(std::string_view purpose, const AccountName& account, const MemberId& id,
                                  DeviceSigner& signer, const P256Point& key) {
  LABREC_ASSIGN_OR_RETURN(const DeviceSignature signature,
                          signer.Sign(SignedBytes(purpose, account, id, key)));
  return SignedKey{key, signature};
}

std::string_view StoragePurpose(MemberKind kind) {
  return kind == MemberKind::kDevice ? kLabelSignStorage : kLabelSignVirtual;
}

absl::Status CheckKey(std::string_view purpose, const AccountName& account, const Member& member,
                      const SignedKey& key) {
  const Bytes message = SignedBytes(purpose, account, member.id, key.key);
  if (member.device_key.Verify(message, key.signature)) return absl::OkStatus();
  return Damage(Reason::kWrongSignature,
                "a key of member " + Hex(member.id) + " is not signed by its device key for its purpose");
}

std::optional<SignedKey> ReadSignedKey(Reader& reader) {
  const auto key = P256Point::ParseCompressed(reader.Raw(P256Point::kCompressedSize));
  const ByteView signature = reader.Raw(64);
  if (!reader.ok() || !key.ok()) return std::nullopt;
  SignedKey read{*key, {}};
  std::ranges::copy(signature, read.signature.begin());
  return read;
}

std::optional<Member> ReadMember(Reader& reader) {
  const uint8_t kind = reader.U8();
  const auto id = ParseId(reader.Raw(16));
  const auto device_key = P256Point::ParseCompressed(reader.Raw(P256Point::kCompressedSize));
  const auto storage = ReadSignedKey(reader);
  if (!id.has_value() || !device_key.ok() || !storage.has_value() || (kind != 1 && kind != 2))
    return std::nullopt;
  Member member{MemberKind{kind}, *id, EcdsaPublicKey::FromPoint(*device_key), *storage, std::nullopt};
  if (member.kind == MemberKind::kDevice) {
    member.auth = ReadSignedKey(reader);
    if (!member.auth.has_value()) return std::nullopt;
  }
  return member;
}

SecretBytes MembershipMac(const Epoch& epoch, const AccountName& account, ByteView member) {
  Writer bound = Bound(kLabelMembership, account);
  bound.U64(epoch.sequence()).Raw(epoch.id()).Lp(member);
  return HmacSha256(epoch.DeviceMacKey().view(), bound.bytes());
}

}  // namespace

Bytes Member::Encode() const {
  Writer writer;
  writer.U8(static_cast<uint8_t>(kind)).Raw(id).Raw(device_key.point().Compressed());
  writer.Raw(storage.key.Compressed()).Raw(storage.signature);
  if (auth.has_value()) writer.Raw(auth->key.Compressed()).Raw(auth->signature);
  return std::move(writer).Take();
}

absl::StatusOr<Member> MakeDevice(const AccountName& account, DeviceSigner& signer,
                                  const P256Point& storage_key, const P256Point& auth_key) {
  const MemberId id = signer.public_key().DeviceId();
  LABREC_ASSIGN_OR_RETURN(const SignedKey storage,
                          SignKey(kLabelSignStorage, account, id, signer, storage_key));
  LABREC_ASSIGN_OR_RETURN(const SignedKey auth, SignKey(kLabelSignAuth, account, id, signer, auth_key));
  return Member{MemberKind::kDevice, id, signer.public_key(), storage, auth};
}

absl::StatusOr<Member> MakeVirtualDevice(const AccountName& account, const MemberId& id, DeviceSigner& signer,
                                         const P256Point& storage_key) {
  LABREC_ASSIGN_OR_RETURN(const SignedKey storage,
                          SignKey(kLabelSignVirtual, account, id, signer, storage_key));
  return Member{MemberKind::kVirtualDevice, id, signer.public_key(), storage, std::nullopt};
}

absl::StatusOr<Member> ParseMember(ByteView encoding) {
  Reader reader(encoding);
  const auto member = ReadMember(reader);
  if (!member.has_value() || !reader.AtEnd()) return Damage(Reason::kMalformed, "the bytes are not a member");
  return *member;
}

absl::Status CheckSignatures(const AccountName& account, const Member& member) {
  if (member.kind == MemberKind::kDevice && member.id != member.device_key.DeviceId()) {
    return Damage(Reason::kWrongSignature, "member " + Hex(member.id) + " does not have its device key's id");
  }
  LABREC_RETURN_IF_ERROR(CheckKey(StoragePurpose(member.kind), account, member, member.storage));
  if (!member.auth.has_value()) return absl::OkStatus();
  return CheckKey(kLabelSignAuth, account, member, *member.auth);
}

Bytes MakeMemberEntry(const Epoch& epoch, const AccountName& account, const Member& member) {
  const Bytes encoding = member.Encode();
  return Writer().Lp(encoding).Raw(MembershipMac(epoch, account, encoding).view()).bytes();
}

absl::StatusOr<Member> OpenMemberEntry(const Epoch& epoch, const AccountName& account, ByteView entry) {
  Reader reader(entry);
  const ByteView encoding = reader.Lp();
  const ByteView mac = reader.Raw(32);
  if (!reader.AtEnd()) return Damage(Reason::kMalformed, "the bytes are not an entry of a member table");
  LABREC_ASSIGN_OR_RETURN(const Member member, ParseMember(encoding));
  if (!MembershipMac(epoch, account, encoding).Equals(mac)) {
    return Damage(Reason::kWrongMac, "member " + Hex(member.id) + " has no membership MAC of epoch " +
                                         std::to_string(epoch.sequence()));
  }
  LABREC_RETURN_IF_ERROR(CheckSignatures(account, member));
  return member;
}

}  // namespace labrec::recovery::labyrinth

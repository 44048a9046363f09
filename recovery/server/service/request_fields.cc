#include "recovery/server/service/request_fields.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "attestation/evidence/evidence.h"
#include "hsm/base/status_macros.h"
#include "recovery/api/limits.h"
#include "recovery/api/names.h"
#include "recovery/engine/call/refusal.h"

namespace labrec::recovery {
namespace {

namespace v1 = ::labyrinth::recovery::v1;

template <size_t kSize>
absl::StatusOr<std::array<uint8_t, kSize>> ArrayField(const char* what, const std::string& value) {
  LABREC_ASSIGN_OR_RETURN(const Bytes bytes, FixedField(what, value, kSize));
  std::array<uint8_t, kSize> array{};
  std::copy(bytes.begin(), bytes.end(), array.begin());
  return array;
}

absl::StatusOr<P256Point> ElementField(const std::string& encoded) {
  // SEC 1, section 2.3.3: the identity is the single byte 0.
  if (encoded.size() == 1 && encoded[0] == 0) {
    return InOwnWords(absl::InvalidArgumentError("is the identity of the group, which is never evaluated"));
  }
  return P256Point::ParseCompressed(AsBytes(encoded));
}

absl::StatusOr<RawSignature> SignatureField(const v1::Signature& proto) {
  RawSignature signature;
  LABREC_ASSIGN_OR_RETURN(signature.challenge,
                          FixedField("authorization.challenge", proto.challenge(), kChallengeBytes));
  LABREC_ASSIGN_OR_RETURN(signature.signature,
                          FixedField("authorization.signature", proto.signature(), kSignatureBytes));
  if (proto.signer_case() == v1::Signature::kDeviceId) {
    LABREC_ASSIGN_OR_RETURN(signature.signer, ArrayField<16>("authorization.device_id", proto.device_id()));
    return signature;
  }
  if (proto.signer_case() == v1::Signature::kUnlockKey) {
    LABREC_ASSIGN_OR_RETURN(std::string record, RecordField(proto.unlock_key().record()));
    LABREC_ASSIGN_OR_RETURN(const uint32_t version, VersionField(proto.unlock_key().version()));
    signature.signer = std::pair(std::move(record), version);
    return signature;
  }
  return InOwnWords(
      absl::InvalidArgumentError("authorization: names neither a device nor an unlock key as its signer"));
}

}  // namespace

absl::StatusOr<std::string> RecordField(const std::string& record) {
  LABREC_RETURN_IF_ERROR(InOwnWords(CheckShortName("record", record)));
  return record;
}

absl::StatusOr<uint32_t> VersionField(uint32_t version) {
  if (version == 0) return InOwnWords(absl::InvalidArgumentError("version: is missing; versions start at 1"));
  return version;
}

absl::StatusOr<Bytes> FixedField(const char* what, const std::string& value, size_t size) {
  if (value.size() == size) return ToBytes(value);
  return InOwnWords(
      absl::InvalidArgumentError(absl::StrCat(what, ": ", value.size(), " bytes instead of ", size)));
}

absl::StatusOr<Bytes> BoundedField(const char* what, const std::string& value, size_t limit) {
  if (value.empty()) return InOwnWords(absl::InvalidArgumentError(absl::StrCat(what, ": is missing")));
  if (value.size() <= limit) return ToBytes(value);
  return InOwnWords(absl::InvalidArgumentError(
      absl::StrCat(what, ": ", value.size(), " bytes are too long, the limit is ", limit)));
}

absl::StatusOr<DeviceId> DeviceIdField(const std::string& id) {
  return ArrayField<16>("device_id", id);
}

absl::StatusOr<RegistrationId> RegistrationIdField(const std::string& id) {
  return ArrayField<16>("registration_id", id);
}

absl::StatusOr<Digest> DigestField(const char* what, const std::string& digest) {
  return ArrayField<32>(what, digest);
}

absl::StatusOr<EcdsaPublicKey> PublicKeyField(const char* what, const std::string& spki) {
  LABREC_RETURN_IF_ERROR(FixedField(what, spki, kSpkiBytes).status());
  absl::StatusOr<EcdsaPublicKey> key = EcdsaPublicKey::FromSpki(AsBytes(spki));
  if (key.ok()) return key;
  return InOwnWords(absl::InvalidArgumentError(absl::StrCat(what, ": ", key.status().message())));
}

absl::StatusOr<std::string> DeviceNameField(const std::string& name) {
  LABREC_RETURN_IF_ERROR(InOwnWords(CheckDeviceName(name)));
  return name;
}

absl::StatusOr<std::vector<P256Point>> ElementsField(
    const google::protobuf::RepeatedPtrField<std::string>& elements, int least, int most) {
  if (elements.size() < least || elements.size() > most) {
    return InOwnWords(absl::InvalidArgumentError(
        absl::StrCat("elements: ", elements.size(), " of them, where ", least,
                     most > least ? absl::StrCat(" to ", most) : std::string(), " belong")));
  }
  std::vector<P256Point> points;
  for (int i = 0; i < elements.size(); ++i) {
    absl::StatusOr<P256Point> point = ElementField(elements.Get(i));
    if (!point.ok()) {
      return InOwnWords(
          absl::InvalidArgumentError(absl::StrCat("elements[", i, "]: ", point.status().message())));
    }
    points.push_back(*point);
  }
  return points;
}

absl::StatusOr<std::optional<RawSignature>> OptionalSignature(bool present, const v1::Signature& proto) {
  if (!present) return std::optional<RawSignature>();
  LABREC_ASSIGN_OR_RETURN(RawSignature signature, SignatureField(proto));
  return std::optional<RawSignature>(std::move(signature));
}

absl::StatusOr<RawSignature> RequiredSignature(bool present, const v1::Signature& proto) {
  if (present) return SignatureField(proto);
  return InOwnWords(absl::PermissionDeniedError(
      "authorization: the request is not signed; a token alone does not allow it"));
}

absl::StatusOr<ChipRegistration> ChipRegistrationField(const v1::BeginRegistrationRequest& proto) {
  const v1::BeginChip& chip = proto.chip();
  if (proto.elements_size() > 0) {
    return InOwnWords(absl::InvalidArgumentError("elements: of a chip-enforced version go to ConfirmKey"));
  }
  LABREC_ASSIGN_OR_RETURN(std::string record, RecordField(proto.record()));
  LABREC_ASSIGN_OR_RETURN(const uint32_t version, VersionField(proto.version()));
  LABREC_ASSIGN_OR_RETURN(const EcdsaPublicKey unlock_key,
                          PublicKeyField("chip.unlock_public_key", chip.unlock_public_key()));
  LABREC_ASSIGN_OR_RETURN(Bytes nonce, FixedField("chip.nonce", chip.nonce(), kNonceBytes));
  LABREC_ASSIGN_OR_RETURN(RawSignature authorization,
                          RequiredSignature(chip.has_authorization(), chip.authorization()));
  return ChipRegistration{std::move(record),  version,          unlock_key,
                          chip.guess_limit(), std::move(nonce), std::move(authorization)};
}

absl::StatusOr<ChipWrite> ChipWriteField(const v1::FinishChipWriteRequest& proto) {
  LABREC_ASSIGN_OR_RETURN(std::string record, RecordField(proto.record()));
  LABREC_ASSIGN_OR_RETURN(const uint32_t version, VersionField(proto.version()));
  LABREC_ASSIGN_OR_RETURN(Bytes signature, FixedField("signature", proto.signature(), kSignatureBytes));
  LABREC_ASSIGN_OR_RETURN(Bytes nonce, FixedField("nonce", proto.nonce(), kNonceBytes));
  return ChipWrite{std::move(record),    version,         proto.session(), proto.limit(),
                   std::move(signature), std::move(nonce)};
}

absl::StatusOr<RegistrationRequest> RegistrationField(const v1::FinishRegistrationRequest& proto) {
  LABREC_ASSIGN_OR_RETURN(std::string record, RecordField(proto.record()));
  LABREC_ASSIGN_OR_RETURN(const uint32_t version, VersionField(proto.version()));
  LABREC_ASSIGN_OR_RETURN(const RegistrationId id, RegistrationIdField(proto.registration_id()));
  LABREC_ASSIGN_OR_RETURN(Bytes config, BoundedField("config", proto.config(), kMostConfigBytes));
  LABREC_ASSIGN_OR_RETURN(Bytes commitment, FixedField("commitment", proto.commitment(), kCommitmentBytes));
  LABREC_ASSIGN_OR_RETURN(const EcdsaPublicKey unlock_key,
                          PublicKeyField("unlock_public_key", proto.unlock_public_key()));
  LABREC_ASSIGN_OR_RETURN(Bytes sealed,
                          BoundedField("sealed_secret", proto.sealed_secret(), kMostSealedSecretBytes));
  LABREC_ASSIGN_OR_RETURN(RawSignature authorization,
                          RequiredSignature(proto.has_authorization(), proto.authorization()));
  return RegistrationRequest{std::move(record),
                             version,
                             id,
                             std::move(config),
                             std::move(commitment),
                             unlock_key,
                             std::move(sealed),
                             std::move(authorization)};
}

absl::StatusOr<tpm::CredentialBlob> CredentialField(const std::string& credential) {
  constexpr size_t kLongest = 4096;
  LABREC_ASSIGN_OR_RETURN(const Bytes bytes, BoundedField("credential", credential, kLongest));
  return InOwnWords(attestation::DecodeCredentialBlob(bytes));
}

}  // namespace labrec::recovery

#include "attestation/evidence/evidence.h"

#include <cstdlib>
#include <string_view>

#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/encoding.h"

namespace labrec::attestation {
namespace {

constexpr std::string_view kMagic = "LRAE";
constexpr uint8_t kVersion = 1;
constexpr uint8_t kMostIntermediates = 8;
constexpr uint8_t kMostPcrs = 96;  // four banks of 24

enum class Kind : uint8_t {
  kIdentity = 1,
  kRecordKey = 2,
  kRealm = 4,
  kStatement = 5,
  kCredential = 6,
};

void PutList(Writer& writer, const std::vector<Bytes>& list, uint8_t most) {
  if (list.size() > most) std::abort();
  writer.U8(static_cast<uint8_t>(list.size()));
  for (const Bytes& element : list) writer.Lp(element);
}

std::vector<Bytes> GetList(Reader& reader, uint8_t most) {
  const uint8_t count = reader.U8();
  if (count > most) reader.Raw(reader.remaining() + 1);  // fails, and stays failed
  std::vector<Bytes> list;
  for (uint8_t i = 0; i < count && reader.ok(); ++i) list.push_back(ToBytes(reader.Lp()));
  return list;
}

void Put(Writer& writer, const SignedStatement& statement) {
  writer.Lp(statement.attest).Lp(statement.signature);
}

void Put(Writer& writer, const tpm::CredentialBlob& blob) {
  writer.Lp(blob.id_object).Lp(blob.encrypted_secret);
}

void Put(Writer& writer, const IdentityEvidence& evidence) {
  writer.Lp(evidence.ek_certificate);
  PutList(writer, evidence.intermediates, kMostIntermediates);
  writer.Lp(evidence.ek_public).Lp(evidence.ak_public);
}

void Put(Writer& writer, const RecordKeyEvidence& evidence) {
  writer.Lp(evidence.index_public).Lp(evidence.key_public);
  Put(writer, evidence.key_certified);
}

void Put(Writer& writer, const RealmEvidence& evidence) {
  Put(writer, evidence.identity);
  writer.Lp(evidence.activated).Lp(evidence.evaluation_public);
  Put(writer, evidence.evaluation_certified);
  writer.Lp(evidence.derivation_public);
  Put(writer, evidence.derivation_certified);
  PutList(writer, evidence.pcr_values, kMostPcrs);
  Put(writer, evidence.quote);
}

void Get(Reader& reader, SignedStatement& statement) {
  statement.attest = ToBytes(reader.Lp());
  statement.signature = ToBytes(reader.Lp());
}

void Get(Reader& reader, tpm::CredentialBlob& blob) {
  blob.id_object = ToBytes(reader.Lp());
  blob.encrypted_secret = ToBytes(reader.Lp());
}

void Get(Reader& reader, IdentityEvidence& evidence) {
  evidence.ek_certificate = ToBytes(reader.Lp());
  evidence.intermediates = GetList(reader, kMostIntermediates);
  evidence.ek_public = ToBytes(reader.Lp());
  evidence.ak_public = ToBytes(reader.Lp());
}

void Get(Reader& reader, RecordKeyEvidence& evidence) {
  evidence.index_public = ToBytes(reader.Lp());
  evidence.key_public = ToBytes(reader.Lp());
  Get(reader, evidence.key_certified);
}

void Get(Reader& reader, RealmEvidence& evidence) {
  Get(reader, evidence.identity);
  evidence.activated = ToBytes(reader.Lp());
  evidence.evaluation_public = ToBytes(reader.Lp());
  Get(reader, evidence.evaluation_certified);
  evidence.derivation_public = ToBytes(reader.Lp());
  Get(reader, evidence.derivation_certified);
  evidence.pcr_values = GetList(reader, kMostPcrs);
  Get(reader, evidence.quote);
}

template <typename Evidence>
Bytes EncodeAs(Kind kind, const Evidence& evidence) {
  Writer writer;
  writer.Raw(kMagic).U8(kVersion).U8(static_cast<uint8_t>(kind));
  Put(writer, evidence);
  return std::move(writer).Take();
}

template <typename Evidence>
absl::StatusOr<Evidence> DecodeAs(Kind kind, std::string_view what, ByteView bytes) {
  Reader reader(bytes);
  const bool headed = AsText(reader.Raw(kMagic.size())) == kMagic && reader.U8() == kVersion &&
                      reader.U8() == static_cast<uint8_t>(kind);
  Evidence evidence;
  if (headed) Get(reader, evidence);
  if (!headed || !reader.AtEnd()) {
    return absl::InvalidArgumentError(
        absl::StrCat("not ", AbslView(what), " in format 1 of attestation evidence, or cut, or too long"));
  }
  return evidence;
}

}  // namespace

Bytes Encode(const IdentityEvidence& evidence) {
  return EncodeAs(Kind::kIdentity, evidence);
}
Bytes Encode(const RecordKeyEvidence& evidence) {
  return EncodeAs(Kind::kRecordKey, evidence);
}
Bytes Encode(const RealmEvidence& evidence) {
  return EncodeAs(Kind::kRealm, evidence);
}
Bytes Encode(const SignedStatement& statement) {
  return EncodeAs(Kind::kStatement, statement);
}
Bytes Encode(const tpm::CredentialBlob& blob) {
  return EncodeAs(Kind::kCredential, blob);
}

absl::StatusOr<IdentityEvidence> DecodeIdentityEvidence(ByteView bytes) {
  return DecodeAs<IdentityEvidence>(Kind::kIdentity, "a TPM's identity", bytes);
}
absl::StatusOr<RecordKeyEvidence> DecodeRecordKeyEvidence(ByteView bytes) {
  return DecodeAs<RecordKeyEvidence>(Kind::kRecordKey, "a record's key", bytes);
}
absl::StatusOr<RealmEvidence> DecodeRealmEvidence(ByteView bytes) {
  return DecodeAs<RealmEvidence>(Kind::kRealm, "a realm", bytes);
}
absl::StatusOr<SignedStatement> DecodeSignedStatement(ByteView bytes) {
  return DecodeAs<SignedStatement>(Kind::kStatement, "a signed statement", bytes);
}
absl::StatusOr<tpm::CredentialBlob> DecodeCredentialBlob(ByteView bytes) {
  return DecodeAs<tpm::CredentialBlob>(Kind::kCredential, "a credential", bytes);
}

}  // namespace labrec::attestation

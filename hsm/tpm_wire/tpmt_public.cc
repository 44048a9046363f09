#include "hsm/tpm_wire/tpmt_public.h"

#include <algorithm>
#include <array>

#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/reader.h"

namespace labrec::tpm {
namespace {

constexpr size_t kLongestDigest = 64;
constexpr size_t kLongestModulus = 512;    // RSA 4096
constexpr size_t kLongestCoordinate = 66;  // P-521
constexpr uint32_t kReservedAttributes =
    ~(kObjectFixedTpm | kObjectStClear | kObjectFixedParent | kObjectSensitiveDataOrigin |
      kObjectUserWithAuth | kObjectAdminWithPolicy | kObjectNoDa | kObjectEncryptedDuplication |
      kObjectRestricted | kObjectDecrypt | kObjectSign | kObjectX509Sign);

bool OneOf(uint16_t value, std::initializer_list<uint16_t> values) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

bool IsHash(uint16_t id) {
  return OneOf(id, {kAlgSha1, kAlgSha256, kAlgSha384, kAlgSha512});
}

Scheme ReadScheme(TpmReader& reader, std::initializer_list<uint16_t> with_hash) {
  Scheme scheme;
  scheme.algorithm = reader.U16();
  if (scheme.algorithm == kAlgNull || scheme.algorithm == kAlgRsaEs) return scheme;
  scheme.hash = reader.U16();
  reader.Require(OneOf(scheme.algorithm, with_hash) && IsHash(scheme.hash));
  return scheme;
}

SymmetricScheme ReadSymmetric(TpmReader& reader) {
  SymmetricScheme symmetric;
  symmetric.algorithm = reader.U16();
  if (symmetric.algorithm == kAlgNull) return symmetric;
  symmetric.key_bits = reader.U16();
  symmetric.mode = reader.U16();
  reader.Require(symmetric.algorithm == kAlgAes && OneOf(symmetric.key_bits, {128, 192, 256}) &&
                 symmetric.mode == kAlgCfb);
  return symmetric;
}

void ReadRsa(TpmReader& reader, TpmtPublic& area) {
  area.symmetric = ReadSymmetric(reader);
  area.scheme = ReadScheme(reader, {kAlgRsaSsa, kAlgRsaPss, kAlgOaep});
  area.key_bits = reader.U16();
  area.exponent = reader.U32();
  area.modulus = ToBytes(reader.Sized(kLongestModulus));
  reader.Require(OneOf(area.key_bits, {1024, 2048, 3072, 4096}) &&
                 (area.modulus.empty() || area.modulus.size() * 8 == area.key_bits));
}

void ReadEcc(TpmReader& reader, TpmtPublic& area) {
  area.symmetric = ReadSymmetric(reader);
  area.scheme = ReadScheme(reader, {kAlgEcdsa, kAlgEcdh});
  area.curve = reader.U16();
  area.kdf = ReadScheme(reader, {kAlgKdf1Sp80056a, kAlgKdf1Sp800108});
  area.x = ToBytes(reader.Sized(kLongestCoordinate));
  area.y = ToBytes(reader.Sized(kLongestCoordinate));
  reader.Require(OneOf(area.curve, {kCurveP256, kCurveP384, kCurveP521}));
  reader.Require(area.scheme.algorithm != kAlgRsaEs && area.kdf.algorithm != kAlgRsaEs);
}

void ReadKeyedHash(TpmReader& reader, TpmtPublic& area) {
  area.scheme = ReadScheme(reader, {kAlgHmac});
  area.unique_digest = ToBytes(reader.Sized(kLongestDigest));
  reader.Require(
      area.scheme.algorithm != kAlgRsaEs &&
      (area.unique_digest.empty() || area.unique_digest.size() == DigestSize(area.name_algorithm)));
}

void ReadDetails(TpmReader& reader, TpmtPublic& area) {
  switch (area.type) {
    case kAlgRsa:
      return ReadRsa(reader, area);
    case kAlgEcc:
      return ReadEcc(reader, area);
    case kAlgKeyedHash:
      return ReadKeyedHash(reader, area);
    default:
      reader.Require(false);
  }
}

void Append(Writer& writer, const Scheme& scheme) {
  writer.U16(scheme.algorithm);
  if (scheme.algorithm != kAlgNull && scheme.algorithm != kAlgRsaEs) writer.U16(scheme.hash);
}

void Append(Writer& writer, const SymmetricScheme& symmetric) {
  writer.U16(symmetric.algorithm);
  if (symmetric.algorithm != kAlgNull) writer.U16(symmetric.key_bits).U16(symmetric.mode);
}

}  // namespace

absl::StatusOr<TpmtPublic> TpmtPublic::Parse(ByteView bytes) {
  TpmReader reader(bytes);
  TpmtPublic area;
  area.type = reader.U16();
  const auto name_algorithm = HashAlgorithmOf(reader.U16());
  reader.Require(name_algorithm.has_value());
  area.name_algorithm = name_algorithm.value_or(HashAlgorithm::kSha256);
  area.attributes = reader.U32();
  area.auth_policy = ToBytes(reader.Sized(kLongestDigest));
  reader.Require((area.attributes & kReservedAttributes) == 0 &&
                 (area.auth_policy.empty() || area.auth_policy.size() == DigestSize(area.name_algorithm)));
  ReadDetails(reader, area);
  if (!reader.AtEnd()) {
    return absl::InvalidArgumentError(
        "not a public area (TPMT_PUBLIC) of an RSA, ECC or keyed-hash object that this verifier knows");
  }
  return area;
}

absl::StatusOr<TpmtPublic> TpmtPublic::ParseSized(ByteView bytes) {
  TpmReader reader(bytes);
  const ByteView area = reader.Sized(0xFFFF);
  if (!reader.AtEnd()) return absl::InvalidArgumentError("not a sized public area (TPM2B_PUBLIC)");
  return Parse(area);
}

Bytes TpmtPublic::Marshal() const {
  Writer writer;
  writer.U16(type).U16(AlgId(name_algorithm)).U32(attributes).Lp(auth_policy);
  if (type != kAlgKeyedHash) Append(writer, symmetric);
  Append(writer, scheme);
  if (type == kAlgRsa) {
    writer.U16(key_bits).U32(exponent).Lp(modulus);
  } else if (type == kAlgEcc) {
    writer.U16(curve);
    Append(writer, kdf);
    writer.Lp(x).Lp(y);
  } else {
    writer.Lp(unique_digest);
  }
  return std::move(writer).Take();
}

Bytes TpmtPublic::Name() const {
  return Writer().U16(AlgId(name_algorithm)).Raw(Hash(name_algorithm, {Marshal()})).bytes();
}

Bytes NameOfHandle(uint32_t handle) {
  return Writer().U32(handle).bytes();
}

Bytes QualifiedName(const TpmtPublic& object, ByteView parent_qualified_name) {
  const Bytes digest = Hash(object.name_algorithm, {parent_qualified_name, object.Name()});
  return Writer().U16(AlgId(object.name_algorithm)).Raw(digest).bytes();
}

absl::StatusOr<P256Point> PointOf(const TpmtPublic& area) {
  std::array<uint8_t, 32> x{};
  std::array<uint8_t, 32> y{};
  if (area.type != kAlgEcc || area.curve != kCurveP256 || area.x.size() > x.size() ||
      area.y.size() > y.size()) {
    return absl::InvalidArgumentError("the public area is not that of a P-256 key");
  }
  std::copy(area.x.begin(), area.x.end(), x.end() - static_cast<ptrdiff_t>(area.x.size()));
  std::copy(area.y.begin(), area.y.end(), y.end() - static_cast<ptrdiff_t>(area.y.size()));
  return P256Point::FromAffine(x, y);
}

}  // namespace labrec::tpm

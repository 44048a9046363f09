#include "tests/vectors/conformance/chip.h"

#include "attestation/evidence/evidence.h"
#include "attestation/verify/statement.h"
#include "hsm/base/encoding.h"
#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/counted_areas.h"
#include "tests/vectors/conformance/example.h"
#include "tests/vectors/conformance/signature.h"

namespace labrec::conformance {

namespace wire = recovery::wire;

namespace {

constexpr uint32_t kAttributes = tpm::kObjectFixedTpm | tpm::kObjectFixedParent |
                                 tpm::kObjectSensitiveDataOrigin | tpm::kObjectUserWithAuth |
                                 tpm::kObjectRestricted | tpm::kObjectSign;

Bytes NonceOf(size_t realm, uint64_t session) {
  return Counting(static_cast<uint8_t>(0x50 + 16 * realm + session), 32);
}

}  // namespace

EcdsaPrivateKey KitAttestationKey(size_t realm) {
  const Bytes scalar(32, static_cast<uint8_t>(0x71 + realm));
  return EcdsaPrivateKey::FromScalar(P256Scalar::Parse(scalar).value());
}

tpm::TpmtPublic KitAttestationArea(const EcdsaPrivateKey& key) {
  const auto point = key.public_key().point().Uncompressed();
  tpm::TpmtPublic area;
  area.type = tpm::kAlgEcc;
  area.attributes = kAttributes;
  area.scheme = {tpm::kAlgEcdsa, tpm::kAlgSha256};
  area.curve = tpm::kCurveP256;
  area.x.assign(point.begin() + 1, point.begin() + 33);
  area.y.assign(point.begin() + 33, point.end());
  return area;
}

KitChip::KitChip(size_t realm, const KitRecord& record)
    : attestation_key(KitAttestationKey(realm)),
      realm_(realm),
      unlock_key_(EcdsaPublicKey::FromSpki(record.UnlockSpki(Example::RealmId(realm))).value()) {}

Bytes KitChip::Identity() const {
  attestation::IdentityEvidence evidence;
  evidence.ak_public = KitAttestationArea(attestation_key).Marshal();
  return Encode(evidence);
}

// A TPMS_ATTEST of type NV over all eight bytes of the index, and its TPMT_SIGNATURE.
Bytes KitChip::Statement(const std::string& record, uint32_t version, Bytes nonce) const {
  if (replays) nonce[0] ^= 1U;
  const Digest about = attestation::RecordStatementNonce(
      {Example::RealmId(realm_), Example::kTenant, Example::kAccount, record, version}, nonce);
  const tpm::TpmtPublic area = KitAttestationArea(attestation_key);
  const tpm::TpmsNvPublic index = tpm::CountingIndexArea(KitIndex(realm_), unlock_key_, tpm::Written::kYes);
  Writer attest;
  attest.U32(tpm::kGeneratedValue).U16(tpm::kStAttestNv);
  attest.Lp(QualifiedName(area, tpm::NameOfHandle(tpm::kRhEndorsement))).Lp(about);
  attest.U64(1'000'000).U32(1).U32(0).U8(1).U64(0x0001000200030004);  // clock and firmware
  attest.Lp(index.Name()).U16(0).Lp(tpm::Marshal(held));
  attestation::SignedStatement statement;
  statement.attest = attest.bytes();
  const Bytes signature = SameEachTime(attestation_key, statement.attest);
  statement.signature = Writer()
                            .U16(tpm::kAlgEcdsa)
                            .U16(tpm::kAlgSha256)
                            .Lp(ByteView(signature).first(32))
                            .Lp(ByteView(signature).last(32))
                            .bytes();
  return Encode(statement);
}

wire::BeginChipWriteResponse KitChip::Begin(const wire::BeginChipWriteRequest& request) {
  wire::BeginChipWriteResponse response;
  response.session = ++sessions_;
  response.nonce_tpm = NonceOf(realm_, response.session);
  response.contents = Statement(request.record, request.version, request.nonce);
  return response;
}

std::optional<wire::FinishChipWriteResponse> KitChip::Finish(const wire::FinishChipWriteRequest& request) {
  const tpm::TpmsNvPublic index = tpm::CountingIndexArea(KitIndex(realm_), unlock_key_, tpm::Written::kYes);
  const Digest cp_hash = tpm::IndexWriteCpHash(index.Name(), tpm::DataOf(tpm::Written::kYes, request.limit));
  const Bytes over = tpm::SignedAuthorization(NonceOf(realm_, request.session), cp_hash);
  if (!unlock_key_.Verify(over, request.signature)) return std::nullopt;
  held.limit = request.limit;
  wire::FinishChipWriteResponse response;
  response.contents = Statement(request.record, request.version, request.nonce);
  return response;
}

}  // namespace labrec::conformance

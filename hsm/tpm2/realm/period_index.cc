#include "hsm/tpm2/realm/period_index.h"

#include <algorithm>
#include <utility>

#include "hsm/base/encoding.h"
#include "hsm/base/hash.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm2/link/capability.h"
#include "hsm/tpm2/link/nv_index.h"
#include "hsm/tpm2/link/public_area.h"

namespace labrec::hsm::tpm2 {
namespace {

constexpr size_t kTagSize = 8;

// 8 bytes of whose it is, and 24 of which: as many as a SHA-256 digest has.
Bytes PolicyFor(ByteView realm_id, const PeriodKeyId& id) {
  Writer tag;
  tag.Lp("labyrinth-recovery/v1/period-index").Lp(realm_id);
  Writer policy;
  policy.Raw(ByteView(Sha256(tag.bytes())).first(kTagSize)).U64(id.number).U64(id.made_at_ms).Raw(id.nonce);
  return std::move(policy).Take();
}

TPM2B_NV_PUBLIC AreaFor(uint32_t index, ByteView realm_id, const PeriodKeyId& id) {
  TPM2B_NV_PUBLIC area = ClaimTemplate(index, kPeriodSecretSize);
  const Bytes policy = PolicyFor(realm_id, id);
  area.nvPublic.authPolicy.size = static_cast<UINT16>(policy.size());
  std::ranges::copy(policy, area.nvPublic.authPolicy.buffer);
  return area;
}

std::optional<PeriodKeyId> IdIn(const TPMS_NV_PUBLIC& area, ByteView realm_id) {
  if (area.authPolicy.size != kTagSize + 3 * sizeof(uint64_t) || area.dataSize != kPeriodSecretSize) {
    return std::nullopt;
  }
  Reader reader(ByteView(area.authPolicy.buffer, area.authPolicy.size));
  reader.Raw(kTagSize);
  PeriodKeyId id;
  id.number = reader.U64();
  id.made_at_ms = reader.U64();
  std::ranges::copy(reader.Raw(id.nonce.size()), id.nonce.begin());
  const Bytes expected = PolicyFor(realm_id, id);
  if (!SameBytes(expected, ByteView(area.authPolicy.buffer, area.authPolicy.size))) return std::nullopt;
  return id;
}

struct Known {
  NvIndex handle;
  std::optional<PeriodIndex> index;  // nullopt: it is something else
};

absl::StatusOr<Known> KnownAt(Context& context, uint32_t index, ByteView realm_id) {
  ESYS_TR handle = ESYS_TR_NONE;
  LABREC_RETURN_IF_ERROR(context.Check(
      "TPM2_NV_ReadPublic",
      Esys_TR_FromTPMPublic(context.esys(), index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &handle)));
  Known known{NvIndex(context, handle), std::nullopt};
  TPM2B_NV_PUBLIC* area = nullptr;
  LABREC_RETURN_IF_ERROR(context.Check(
      "TPM2_NV_ReadPublic",
      Esys_NV_ReadPublic(context.esys(), handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &area, nullptr)));
  const EsysPtr<TPM2B_NV_PUBLIC> owned(area);
  if (const std::optional<PeriodKeyId> id = IdIn(area->nvPublic, realm_id)) {
    known.index = PeriodIndex{index, *id, (area->nvPublic.attributes & TPMA_NV_WRITTEN) != 0};
  }
  return known;
}

absl::Status WriteSecret(LoadedRealm& realm, const NvIndex& index, const SecretBytes& secret) {
  TPM2B_MAX_NV_BUFFER in{};
  in.size = static_cast<UINT16>(secret.size());
  std::ranges::copy(secret.view(), in.buffer);
  const TSS2_RC rc = Esys_NV_Write(realm.context->esys(), index.esys(), index.esys(),
                                   realm.session->For(Encrypt::kCommand), ESYS_TR_NONE, ESYS_TR_NONE, &in, 0);
  Wipe(in.buffer);
  return realm.context->Check("TPM2_NV_Write of a period key", rc);
}

}  // namespace

absl::StatusOr<std::vector<PeriodIndex>> ListPeriodIndices(Context& context, ByteView realm_id) {
  LABREC_ASSIGN_OR_RETURN(const std::vector<uint32_t> used, HandlesFrom(context, kPeriodRange.first));
  std::vector<PeriodIndex> found;
  for (const uint32_t index : used) {
    if (index - kPeriodRange.first >= kPeriodRange.count) break;
    LABREC_ASSIGN_OR_RETURN(const Known known, KnownAt(context, index, realm_id));
    if (known.index) found.push_back(*known.index);
  }
  return found;
}

absl::Status MakePeriodIndex(LoadedRealm& realm, ByteView realm_id, const PeriodKeyId& id,
                             const SecretBytes& secret) {
  Context& context = *realm.context;
  LABREC_ASSIGN_OR_RETURN(const uint32_t index, FreeIndex(context, kPeriodRange));
  LABREC_ASSIGN_OR_RETURN(const NvIndex made,
                          DefineIndex(context, *realm.session, AreaFor(index, realm_id, id),
                                      realm.period_auth, realm.owner_authorization));
  return WriteSecret(realm, made, secret);
}

absl::StatusOr<SecretBytes> ReadPeriodIndex(LoadedRealm& realm, const PeriodIndex& index) {
  Context& context = *realm.context;
  ESYS_TR handle = ESYS_TR_NONE;
  LABREC_RETURN_IF_ERROR(context.Check(
      "TPM2_NV_ReadPublic",
      Esys_TR_FromTPMPublic(context.esys(), index.index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &handle)));
  const NvIndex known(context, handle);
  LABREC_RETURN_IF_ERROR(SetAuth(context, known.esys(), realm.period_auth.view()));
  TPM2B_MAX_NV_BUFFER* out = nullptr;
  LABREC_RETURN_IF_ERROR(context.Check(
      "TPM2_NV_Read of a period key",
      Esys_NV_Read(context.esys(), known.esys(), known.esys(), realm.session->For(Encrypt::kResponse),
                   ESYS_TR_NONE, ESYS_TR_NONE, kPeriodSecretSize, 0, &out)));
  context.WipeAnswer();
  const EsysPtr<TPM2B_MAX_NV_BUFFER> owned(out);
  SecretBytes secret =
      SecretBytes::TakeFrom(std::span(out->buffer, std::min<size_t>(out->size, sizeof out->buffer)));
  if (secret.size() != kPeriodSecretSize) return absl::DataLossError("TPM2_NV_Read gave no period key");
  return secret;
}

// The handle may be another index's by now: only one of this very Name is removed.
absl::Status RemovePeriodIndex(LoadedRealm& realm, ByteView realm_id, const PeriodIndex& index) {
  LABREC_ASSIGN_OR_RETURN(Known known, KnownAt(*realm.context, index.index, realm_id));
  if (!known.index || known.index->id != index.id) return absl::OkStatus();
  return RemoveIndex(*realm.context, *realm.session, std::move(known.handle), realm.owner_authorization);
}

}  // namespace labrec::hsm::tpm2

#include "hsm/tpm2/attest/endorsement_key.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"
#include "hsm/tpm2/link/capability.h"
#include "hsm/tpm2/link/public_area.h"

namespace labrec::hsm::tpm2 {
namespace {

// "EK Credential Profile", version 2.5, sections 2.2.1.4 and 2.2.1.5; "Registry of reserved TPM 2.0 handles",
// section 2.3.1 (persistent EKs).
constexpr uint32_t kCertificatesFirst = 0x01C00000;
constexpr uint32_t kChainFirst = 0x01C00100;
constexpr uint32_t kChainLast = 0x01C001FF;
constexpr uint32_t kPersistentEksFirst = 0x81010000;
constexpr uint32_t kPersistentEksLast = 0x8101FFFF;

constexpr UINT16 kChunk = 512;  // every TPM's largest NV buffer has at least so much
constexpr size_t kMostChainBytes = 32768;

absl::StatusOr<UINT16> SizeOf(Context& context, const NvIndex& index) {
  TPM2B_NV_PUBLIC* area = nullptr;
  LABREC_RETURN_IF_ERROR(
      context.Check("TPM2_NV_ReadPublic", Esys_NV_ReadPublic(context.esys(), index.esys(), ESYS_TR_NONE,
                                                             ESYS_TR_NONE, ESYS_TR_NONE, &area, nullptr)));
  const EsysPtr<TPM2B_NV_PUBLIC> owned(area);
  return area->nvPublic.dataSize;
}

// The whole content of an index that may be read with its own authorisation value, which is empty.
absl::StatusOr<Bytes> ReadAll(Context& context, uint32_t number) {
  ESYS_TR handle = ESYS_TR_NONE;
  LABREC_RETURN_IF_ERROR(context.Check(
      "TPM2_NV_ReadPublic",
      Esys_TR_FromTPMPublic(context.esys(), number, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &handle)));
  const NvIndex index(context, handle);
  LABREC_ASSIGN_OR_RETURN(const UINT16 size, SizeOf(context, index));
  Bytes content;
  while (content.size() < size) {
    const auto offset = static_cast<UINT16>(content.size());
    TPM2B_MAX_NV_BUFFER* chunk = nullptr;
    LABREC_RETURN_IF_ERROR(context.Check(
        absl::StrCat("TPM2_NV_Read of 0x", absl::Hex(number, absl::kZeroPad8)),
        Esys_NV_Read(context.esys(), index.esys(), index.esys(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                     std::min<UINT16>(kChunk, static_cast<UINT16>(size - offset)), offset, &chunk)));
    const EsysPtr<TPM2B_MAX_NV_BUFFER> owned(chunk);
    if (chunk->size == 0) return absl::DataLossError("TPM2_NV_Read gave nothing");
    content.insert(content.end(), chunk->buffer, chunk->buffer + chunk->size);
  }
  return content;
}

// The certificates that lie one after the other in the chain's indices.
absl::StatusOr<std::vector<Bytes>> ReadChain(Context& context, const std::vector<uint32_t>& defined) {
  Bytes all;
  for (const uint32_t index : defined) {
    if (index < kChainFirst || index > kChainLast) continue;
    LABREC_ASSIGN_OR_RETURN(const Bytes part, ReadAll(context, index));
    if (all.size() + part.size() > kMostChainBytes) break;
    all.insert(all.end(), part.begin(), part.end());
  }
  std::vector<Bytes> chain;
  for (ByteView rest = all; DerLength(rest) > 0; rest = rest.subspan(DerLength(rest))) {
    chain.push_back(ToBytes(rest.first(DerLength(rest))));
  }
  return chain;
}

absl::StatusOr<TPM2B_PUBLIC> ReadPublic(Context& context, ESYS_TR key) {
  TPM2B_PUBLIC* area = nullptr;
  LABREC_RETURN_IF_ERROR(
      context.Check("TPM2_ReadPublic", Esys_ReadPublic(context.esys(), key, ESYS_TR_NONE, ESYS_TR_NONE,
                                                       ESYS_TR_NONE, &area, nullptr, nullptr)));
  const EsysPtr<TPM2B_PUBLIC> owned(area);
  return *area;
}

}  // namespace

size_t DerLength(ByteView bytes) {
  // ITU-T X.690, section 8.1.3: tag of one byte, length in the short form or in up to four bytes.
  if (bytes.size() < 2 || bytes[0] != 0x30) return 0;
  size_t length = bytes[1];
  size_t header = 2;
  if (length >= 0x80) {
    const size_t count = length & 0x7F;
    if (count == 0 || count > 4 || bytes.size() < 2 + count) return 0;
    length = 0;
    for (size_t i = 0; i < count; ++i) length = (length << 8) | bytes[2 + i];
    header += count;
  }
  return length <= bytes.size() - header ? header + length : 0;
}

absl::StatusOr<EkCertificate> ReadEkCertificate(Context& context) {
  LABREC_ASSIGN_OR_RETURN(const std::vector<uint32_t> defined, HandlesFrom(context, kCertificatesFirst));
  for (const EkTemplate& known : EkTemplates()) {
    if (std::find(defined.begin(), defined.end(), known.certificate_index) == defined.end()) continue;
    LABREC_ASSIGN_OR_RETURN(Bytes content, ReadAll(context, known.certificate_index));
    const size_t length = DerLength(content);
    if (length == 0) {
      return absl::FailedPreconditionError(absl::StrCat("the NV index 0x",
                                                        absl::Hex(known.certificate_index, absl::kZeroPad8),
                                                        " holds no DER certificate of the endorsement key"));
    }
    content.resize(length);
    LABREC_ASSIGN_OR_RETURN(std::vector<Bytes> chain, ReadChain(context, defined));
    return EkCertificate{&known, std::move(content), std::move(chain)};
  }
  return absl::FailedPreconditionError(
      "the TPM holds no certificate of its endorsement key (NV indices 0x01c00002, 0x01c0000a and those of "
      "the "
      "high range), so nobody says that it is a TPM; some firmware TPMs have theirs on their vendor's "
      "server: "
      "fetch it (tpm2_getekcertificate) and write it to its NV index");
}

absl::StatusOr<std::optional<uint32_t>> PersistentEk(Context& context, const EkTemplate& made_from) {
  LABREC_ASSIGN_OR_RETURN(const std::vector<uint32_t> handles, HandlesFrom(context, kPersistentEksFirst));
  for (const uint32_t handle : handles) {
    if (handle > kPersistentEksLast) break;
    LABREC_ASSIGN_OR_RETURN(const PersistentObject object, OpenPersistentEk(context, handle));
    LABREC_ASSIGN_OR_RETURN(const TPM2B_PUBLIC area, ReadPublic(context, object.esys()));
    if (MadeFrom(area, made_from.pattern())) return handle;
  }
  return std::optional<uint32_t>();
}

absl::StatusOr<PersistentObject> OpenPersistentEk(Context& context, uint32_t handle) {
  ESYS_TR object = ESYS_TR_NONE;
  LABREC_RETURN_IF_ERROR(context.Check(
      absl::StrCat("TPM2_ReadPublic of the persistent object 0x", absl::Hex(handle)),
      Esys_TR_FromTPMPublic(context.esys(), handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &object)));
  return PersistentObject(context, object);
}

absl::StatusOr<TransientObject> CreateEndorsementPrimary(Context& context, const TPM2B_PUBLIC& pattern) {
  const TPM2B_SENSITIVE_CREATE sensitive{};
  const TPM2B_DATA outside{};
  const TPML_PCR_SELECTION pcrs{};
  ESYS_TR primary = ESYS_TR_NONE;
  LABREC_RETURN_IF_ERROR(
      context.Check("TPM2_CreatePrimary (endorsement hierarchy)",
                    Esys_CreatePrimary(context.esys(), ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                       ESYS_TR_NONE, &sensitive, &pattern, &outside, &pcrs, &primary, nullptr,
                                       nullptr, nullptr, nullptr)));
  return TransientObject(context, primary);
}

absl::StatusOr<Bytes> PublicAreaOf(Context& context, ESYS_TR key) {
  LABREC_ASSIGN_OR_RETURN(const TPM2B_PUBLIC area, ReadPublic(context, key));
  const Bytes sized = Marshal(area);
  return Bytes(sized.begin() + 2, sized.end());
}

}  // namespace labrec::hsm::tpm2

#include "hsm/tpm2/attest/statements.h"

#include <algorithm>
#include <map>

#include <tss2/tss2_mu.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"

namespace labrec::hsm::tpm2 {
namespace {

constexpr size_t kLongestNonce = 32;
constexpr UINT8 kSelectBytes = 3;  // 24 PCRs

absl::StatusOr<TPM2B_DATA> Qualifying(ByteView nonce) {
  if (nonce.size() > kLongestNonce) return absl::InvalidArgumentError("a nonce has at most 32 bytes");
  TPM2B_DATA data{};
  data.size = static_cast<UINT16>(nonce.size());
  std::copy(nonce.begin(), nonce.end(), data.buffer);
  return data;
}

// The AK's own scheme.
TPMT_SIG_SCHEME OwnScheme() {
  TPMT_SIG_SCHEME scheme{};
  scheme.scheme = TPM2_ALG_NULL;
  return scheme;
}

absl::StatusOr<SignedAttestation> Signed(const EsysPtr<TPM2B_ATTEST>& attest,
                                         const EsysPtr<TPMT_SIGNATURE>& signature) {
  SignedAttestation made;
  made.attest.assign(attest->attestationData, attest->attestationData + attest->size);
  made.signature.resize(sizeof(TPMT_SIGNATURE));
  size_t size = 0;
  if (Tss2_MU_TPMT_SIGNATURE_Marshal(signature.get(), made.signature.data(), made.signature.size(), &size) !=
      TSS2_RC_SUCCESS) {
    return absl::DataLossError("the TPM gave a signature that cannot be written down");
  }
  made.signature.resize(size);
  return made;
}

// What a call of TPM2_PCR_Read gave, by bank and PCR.
using PcrValues = std::map<std::pair<uint16_t, uint32_t>, Bytes>;

void Collect(const TPML_PCR_SELECTION& read, const TPML_DIGEST& digests, PcrValues& values) {
  uint32_t next = 0;
  for (uint32_t bank = 0; bank < read.count; ++bank) {
    const TPMS_PCR_SELECTION& selection = read.pcrSelections[bank];
    for (uint32_t pcr = 0; pcr < selection.sizeofSelect * 8U; ++pcr) {
      if ((selection.pcrSelect[pcr / 8] >> (pcr % 8) & 1) == 0 || next == digests.count) continue;
      const TPM2B_DIGEST& digest = digests.digests[next++];
      values[{selection.hash, pcr}] = Bytes(digest.buffer, digest.buffer + digest.size);
    }
  }
}

// One call reads at most eight PCRs.
absl::Status ReadSome(Context& context, const PcrSelection& wanted, PcrValues& values) {
  const TPML_PCR_SELECTION in = ToTpm(wanted);
  UINT32 updates = 0;
  TPML_PCR_SELECTION* read = nullptr;
  TPML_DIGEST* digests = nullptr;
  const absl::Status status =
      context.Check("TPM2_PCR_Read", Esys_PCR_Read(context.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                                   &in, &updates, &read, &digests));
  if (absl::IsInternal(status) && context.damage() == Damage::kNone) {
    return absl::InvalidArgumentError(
        absl::StrCat("the TPM has no PCRs ", wanted.ToString(), ": ", status.message()));
  }
  LABREC_RETURN_IF_ERROR(status);
  const EsysPtr<TPML_PCR_SELECTION> owned_read(read);
  const EsysPtr<TPML_DIGEST> owned_digests(digests);
  Collect(*read, *digests, values);
  return absl::OkStatus();
}

}  // namespace

TPML_PCR_SELECTION ToTpm(const PcrSelection& pcrs) {
  TPML_PCR_SELECTION out{};
  for (const PcrSelection::Bank& bank : pcrs.banks) {
    TPMS_PCR_SELECTION& selection = out.pcrSelections[out.count++];
    selection.hash = bank.hash;
    selection.sizeofSelect = kSelectBytes;
    for (const uint32_t index : bank.indices) {
      selection.pcrSelect[index / 8] = static_cast<BYTE>(selection.pcrSelect[index / 8] | 1U << (index % 8));
    }
  }
  return out;
}

absl::StatusOr<std::vector<Bytes>> ReadPcrs(Context& context, const PcrSelection& pcrs) {
  PcrValues values;
  std::vector<Bytes> ordered;
  for (const PcrSelection::Bank& bank : pcrs.banks) {
    for (const uint32_t index : bank.indices) {
      if (!values.contains({bank.hash, index})) {
        LABREC_RETURN_IF_ERROR(ReadSome(context, PcrSelection{{{bank.hash, bank.indices}}}, values));
      }
      if (!values.contains({bank.hash, index})) {  // among more than eight, or not there
        LABREC_RETURN_IF_ERROR(ReadSome(context, PcrSelection{{{bank.hash, {index}}}}, values));
      }
      const auto found = values.find({bank.hash, index});
      if (found == values.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat("the TPM has no PCR ", PcrSelection{{{bank.hash, {index}}}}.ToString()));
      }
      ordered.push_back(found->second);
    }
  }
  return ordered;
}

absl::StatusOr<SignedAttestation> Certify(Context& context, const Session& session, ESYS_TR object,
                                          const TransientObject& ak, ByteView nonce) {
  LABREC_ASSIGN_OR_RETURN(const TPM2B_DATA qualifying, Qualifying(nonce));
  const TPMT_SIG_SCHEME scheme = OwnScheme();
  TPM2B_ATTEST* attest = nullptr;
  TPMT_SIGNATURE* signature = nullptr;
  LABREC_RETURN_IF_ERROR(
      context.Check("TPM2_Certify",
                    Esys_Certify(context.esys(), object, ak.esys(), session.For(Encrypt::kNeither),
                                 ESYS_TR_PASSWORD, ESYS_TR_NONE, &qualifying, &scheme, &attest, &signature)));
  return Signed(EsysPtr<TPM2B_ATTEST>(attest), EsysPtr<TPMT_SIGNATURE>(signature));
}

absl::StatusOr<SignedAttestation> Quote(Context& context, const TransientObject& ak, const PcrSelection& pcrs,
                                        ByteView nonce) {
  LABREC_ASSIGN_OR_RETURN(const TPM2B_DATA qualifying, Qualifying(nonce));
  const TPMT_SIG_SCHEME scheme = OwnScheme();
  const TPML_PCR_SELECTION selection = ToTpm(pcrs);
  TPM2B_ATTEST* attest = nullptr;
  TPMT_SIGNATURE* signature = nullptr;
  LABREC_RETURN_IF_ERROR(context.Check(
      "TPM2_Quote", Esys_Quote(context.esys(), ak.esys(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                               &qualifying, &scheme, &selection, &attest, &signature)));
  return Signed(EsysPtr<TPM2B_ATTEST>(attest), EsysPtr<TPMT_SIGNATURE>(signature));
}

absl::StatusOr<SignedAttestation> CertifyIndex(Context& context, const Session& session, uint32_t index,
                                               uint16_t size, const TransientObject& ak, ByteView nonce) {
  LABREC_ASSIGN_OR_RETURN(const TPM2B_DATA qualifying, Qualifying(nonce));
  const TPMT_SIG_SCHEME scheme = OwnScheme();
  ESYS_TR handle = ESYS_TR_NONE;
  LABREC_RETURN_IF_ERROR(context.Check(
      "TPM2_NV_ReadPublic",
      Esys_TR_FromTPMPublic(context.esys(), index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &handle)));
  const NvIndex owned(context, handle);
  TPM2B_ATTEST* attest = nullptr;
  TPMT_SIGNATURE* signature = nullptr;
  LABREC_RETURN_IF_ERROR(context.Check(
      "TPM2_NV_Certify", Esys_NV_Certify(context.esys(), ak.esys(), ESYS_TR_RH_OWNER, owned.esys(),
                                         ESYS_TR_PASSWORD, session.For(Encrypt::kNeither), ESYS_TR_NONE,
                                         &qualifying, &scheme, size, 0, &attest, &signature)));
  return Signed(EsysPtr<TPM2B_ATTEST>(attest), EsysPtr<TPMT_SIGNATURE>(signature));
}

}  // namespace labrec::hsm::tpm2

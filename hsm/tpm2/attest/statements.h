#pragma once

#include "absl/status/statusor.h"

#include "hsm/attester.h"
#include "hsm/tpm2/link/handle.h"
#include "hsm/tpm2/link/session.h"

// A private header: it brings the TSS with it. Single attestation commands (part 3, section 18). The AK signs
// with its own scheme; its authValue is empty.
namespace labrec::hsm::tpm2 {

// TPM2_Certify (section 18.2), `object` authorised by the session.
absl::StatusOr<SignedAttestation> Certify(Context& context, const Session& session, ESYS_TR object,
                                          const TransientObject& ak, ByteView nonce);

// TPM2_Quote (section 18.4).
absl::StatusOr<SignedAttestation> Quote(Context& context, const TransientObject& ak, const PcrSelection& pcrs,
                                        ByteView nonce);

// TPM2_NV_Certify (section 31.16) of the bytes from 0 on, read by the owner with the session.
absl::StatusOr<SignedAttestation> CertifyIndex(Context& context, const Session& session, uint32_t index,
                                               uint16_t size, const TransientObject& ak, ByteView nonce);

// TPM2_PCR_Read (section 22.4) until all selected are read: values in the selection's order.
absl::StatusOr<std::vector<Bytes>> ReadPcrs(Context& context, const PcrSelection& pcrs);

TPML_PCR_SELECTION ToTpm(const PcrSelection& pcrs);

}  // namespace labrec::hsm::tpm2

#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "attestation/evidence/evidence.h"
#include "hsm/attester.h"
#include "hsm/base/hash.h"
#include "hsm/base/pcr_selection.h"
#include "hsm/base/secret_bytes.h"

namespace labrec::attestation {

struct ProverOptions {
  // Certificates (DER) that may lead from the EK's to a root, beside what the TPM itself keeps. The chain is
  // picked from them.
  std::vector<Bytes> intermediates;
  labrec::PcrSelection pcrs;  // that quotes cover; hsm/tpm_wire/tpms_attest.h has a PcrSelection of its own
};

// Makes of what a device's attester gives the evidence that verify/ checks. Each call asks the device once;
// its errors are those of hsm::Attester. Threads: as for the attester, which outlives this object.
class Prover {
 public:
  Prover(hsm::Attester& attester, ProverOptions options)
      : attester_(attester), options_(std::move(options)) {}

  // INVALID_ARGUMENT if one of the options' or the TPM's certificates is none.
  absl::StatusOr<IdentityEvidence> Identity();

  // The challenge's secret.
  absl::StatusOr<SecretBytes> Activate(const tpm::CredentialBlob& challenge);

  // The parts of a realm's evidence, one by one, so that other work gets its turn at the device between them.
  // `nonce` is RealmStatementNonce.
  absl::Status AddIdentity(RealmEvidence& evidence);
  absl::Status AddActivated(RealmEvidence& evidence, const tpm::CredentialBlob& challenge);
  absl::Status AddKeys(RealmEvidence& evidence, const Digest& nonce);
  absl::Status AddQuote(RealmEvidence& evidence, const Digest& nonce);

  // A record's key and its index, which is not yet written. `index_public` is the index's TPMS_NV_PUBLIC,
  // `nonce` is RecordStatementNonce.
  absl::StatusOr<RecordKeyEvidence> RecordKey(const hsm::WrappedKey& key, ByteView index_public,
                                              const Digest& nonce);
  // What the index holds: all its eight bytes.
  absl::StatusOr<SignedStatement> IndexContents(uint32_t index, const Digest& nonce);

 private:
  hsm::Attester& attester_;
  const ProverOptions options_;
};

}  // namespace labrec::attestation

#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"

#include "attestation/evidence/evidence.h"
#include "attestation/verify/chip_record_verifier.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"

namespace labrec::attestation {

// All that a chip shows of one record, which a client gets in four answers and checks as they come
// (recovery/client/chip).
struct ChipEvidence {
  IdentityEvidence identity;
  Bytes activated;  // what TPM2_ActivateCredential gave for the client's credential
  RecordKeyEvidence record_key;
  SignedStatement index_contents;  // TPM2_NV_Certify of the whole index, after its first write
};

// The answers behind each other, each as LP.
inline Bytes Encode(const ChipEvidence& evidence) {
  return std::move(Writer()
                       .Lp(Encode(evidence.identity))
                       .Lp(evidence.activated)
                       .Lp(Encode(evidence.record_key))
                       .Lp(Encode(evidence.index_contents)))
      .Take();
}

inline absl::StatusOr<ChipEvidence> DecodeChipEvidence(ByteView bytes) {
  Reader reader(bytes);
  ChipEvidence evidence;
  LABREC_ASSIGN_OR_RETURN(evidence.identity, DecodeIdentityEvidence(reader.Lp()));
  evidence.activated = ToBytes(reader.Lp());
  LABREC_ASSIGN_OR_RETURN(evidence.record_key, DecodeRecordKeyEvidence(reader.Lp()));
  LABREC_ASSIGN_OR_RETURN(evidence.index_contents, DecodeSignedStatement(reader.Lp()));
  if (reader.AtEnd()) return evidence;
  return absl::InvalidArgumentError("something stands behind the four answers");
}

// What a client knows by itself about a record that it checks as a whole.
struct ChipExpectation {
  EkTrust trust;
  int64_t now_ms = 0;
  std::optional<Bytes> pinned_ak_name;  // where the client met this realm before
  EcdsaPublicKey unlock_key;
  Digest key_nonce;          // RecordStatementNonce of the key's certification
  Digest contents_nonce;     // of the index's; another one than key_nonce
  tpm::PinCounter contents;  // {0, guess_limit} after the first write or a refill
};

struct VerifiedChipRecord {
  TpmIdentity identity;
  CertifiedRecordKey key;
  Report report;  // all that is proven, in the order of the checks
};

// The client's checks, in the order in which recovery/client/chip makes them: EK chain, AK pinned, AK bound
// to EK, key and index, contents.
inline absl::StatusOr<VerifiedChipRecord> VerifyChipRecord(const ChipExpectation& expectation,
                                                           const AkChallenge& challenge,
                                                           const ChipEvidence& evidence) {
  LABREC_ASSIGN_OR_RETURN(TpmIdentity identity,
                          CheckIdentity(evidence.identity, expectation.trust, expectation.now_ms));
  LABREC_RETURN_IF_ERROR(CheckPinnedAk(expectation.pinned_ak_name, identity.ak));
  LABREC_RETURN_IF_ERROR(CheckActivated(challenge, evidence.activated, identity));
  Report report = identity.report;
  LABREC_ASSIGN_OR_RETURN(const CertifiedRecordKey key,
                          CheckRecordKeyEvidence(identity.ak, evidence.record_key, expectation.unlock_key,
                                                 expectation.key_nonce, report));
  LABREC_RETURN_IF_ERROR(CheckIndexContents(identity.ak, key.written_index, evidence.index_contents,
                                            expectation.contents_nonce, expectation.contents, report));
  return VerifiedChipRecord{std::move(identity), key, std::move(report)};
}

}  // namespace labrec::attestation

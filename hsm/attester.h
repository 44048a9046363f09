#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/base/pcr_selection.h"
#include "hsm/base/secret_bytes.h"

namespace labrec::hsm {

// What an attestation key (AK) signed: TPMS_ATTEST and TPMT_SIGNATURE, without outer sizes.
struct SignedAttestation {
  Bytes attest;
  Bytes signature;
};

// Which TPM it is. Its vendor signed the certificate. That the AK is in the same TPM is only a claim until
// Activate opened a challenge for it.
struct AttesterIdentity {
  Bytes ek_certificate;              // DER
  std::vector<Bytes> intermediates;  // DER, as the TPM keeps them; often none
  Bytes ek_public;                   // TPMT_PUBLIC
  Bytes ak_public;                   // TPMT_PUBLIC
};

// A key and the AK's statement (TPM2_Certify) that it is in this TPM, private part included.
struct CertifiedKey {
  Bytes public_area;  // TPMT_PUBLIC
  SignedAttestation statement;
};

struct CertifiedRealmKeys {
  CertifiedKey evaluation;
  CertifiedKey derivation;
};

// A key that lies outside of the TPM, wrapped by the realm's storage key: TPM2B_PUBLIC and TPM2B_PRIVATE as
// TPM2_Create gave them, sizes included.
struct WrappedKey {
  ByteView public_area;
  ByteView private_area;
};

// PCRs as a quote covers them: `values` in the selection's order.
struct QuotedPcrs {
  SignedAttestation quote;
  std::vector<Bytes> values;
};

// A TPM that proves to others what is in it, by statements that its AK signs over their nonces
// (TPM 2.0 part 1, section 31). docs/attestation.md says what each proves.
//
// Promised: the AK is a restricted signing key that never leaves this TPM, the same at every call and after
// every restart, until TPM2_Clear of the endorsement hierarchy. Not promised: that anybody believes it.
// Each `nonce` has at most 32 bytes and becomes the statement's qualifyingData. Errors of all calls:
// UNAVAILABLE while the device is away; FAILED_PRECONDITION, saying what to do, if the endorsement hierarchy
// has an authorisation value or the TPM lacks what is needed.
// Threads: at most Device::parallelism() calls at a time. Each call takes the time of one to three signatures
// of the device: callers bound how often strangers make it happen.
class Attester {
 public:
  virtual ~Attester() = default;

  // Certificate, endorsement key and AK. FAILED_PRECONDITION if the TPM holds no EK certificate. Always the
  // same: callers may keep it.
  virtual absl::StatusOr<AttesterIdentity> Identity() = 0;

  // TPM2_ActivateCredential (part 3, section 12.5) with the AK: the challenge's secret. `id_object` and
  // `encrypted_secret` are a TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET, sizes included. INVALID_ARGUMENT if
  // they are not, or were made for another EK or AK.
  virtual absl::StatusOr<SecretBytes> Activate(ByteView id_object, ByteView encrypted_secret) = 0;

  // Evaluation key and derivation key. FAILED_PRECONDITION if the device was provisioned without keys.
  virtual absl::StatusOr<CertifiedRealmKeys> CertifyRealmKeys(ByteView nonce) = 0;

  // The selected PCRs' values and a quote of them. INVALID_ARGUMENT if the TPM has no such PCR.
  virtual absl::StatusOr<QuotedPcrs> Quote(const PcrSelection& pcrs, ByteView nonce) = 0;

  // TPM2_Certify of a wrapped key of this realm whose authValue is empty. TPM2_Certify has the ADMIN role, so
  // it needs no policy unless the key has adminWithPolicy. INVALID_ARGUMENT if this TPM did not make the key.
  virtual absl::StatusOr<SignedAttestation> CertifyKey(const WrappedKey& key, ByteView nonce) = 0;

  // TPM2_NV_Certify of the first `size` bytes of an index that the owner may read, so that it is not counted.
  // FAILED_PRECONDITION if nothing is defined there.
  virtual absl::StatusOr<SignedAttestation> CertifyIndex(uint32_t index, uint16_t size, ByteView nonce) = 0;
};

}  // namespace labrec::hsm

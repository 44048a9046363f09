#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/tpm_wire/credential.h"

// What a realm hands to a client as proof, in the TPM's own structures without outer sizes. All of it is
// public but the activated secret, which is good once. docs/attestation.md has the bytes.
namespace labrec::attestation {

// A TPMS_ATTEST and its TPMT_SIGNATURE by the AK.
struct SignedStatement {
  Bytes attest;
  Bytes signature;
  bool operator==(const SignedStatement&) const = default;
};

// Which TPM it is: first thing a client asks for.
struct IdentityEvidence {
  Bytes ek_certificate;              // DER
  std::vector<Bytes> intermediates;  // DER; those that the chain does not need are ignored
  Bytes ek_public;                   // TPMT_PUBLIC
  Bytes ak_public;                   // TPMT_PUBLIC
  bool operator==(const IdentityEvidence&) const = default;
};

// Shows that the record's key and index are what they must be. It comes with the evaluation key of a new
// version, and with the nonceTPM for the first write.
struct RecordKeyEvidence {
  Bytes index_public;             // TPMS_NV_PUBLIC, as it is before the first write
  Bytes key_public;               // TPMT_PUBLIC of the record's evaluation key
  SignedStatement key_certified;  // TPM2_CertifyCreation (or TPM2_Certify) of it
  bool operator==(const RecordKeyEvidence&) const = default;
};

// Everything about a realm that counts in its ledger.
struct RealmEvidence {
  IdentityEvidence identity;
  Bytes activated;
  Bytes evaluation_public;               // TPMT_PUBLIC
  SignedStatement evaluation_certified;  // TPM2_Certify or TPM2_CertifyCreation
  Bytes derivation_public;               // TPMT_PUBLIC
  SignedStatement derivation_certified;
  std::vector<Bytes> pcr_values;  // of the quote's PCRs, in its order: bank by bank, ascending
  SignedStatement quote;          // TPM2_Quote
  bool operator==(const RealmEvidence&) const = default;
};

// The canonical forms: "LRAE", a byte 1 (the format's version), a byte for the kind, then the fields in the
// order above: integers big-endian, byte strings as LP, a list as its count (one byte) and its elements.
// Encode aborts if a field is longer than 65535 bytes or there are more than 8 intermediates or 96 PCRs.
Bytes Encode(const IdentityEvidence& evidence);
Bytes Encode(const RecordKeyEvidence& evidence);
Bytes Encode(const RealmEvidence& evidence);
Bytes Encode(const SignedStatement& statement);
Bytes Encode(const tpm::CredentialBlob& blob);

// INVALID_ARGUMENT for another kind or version, a cut or an overlong form. Encode(Decode(x)) == x.
absl::StatusOr<IdentityEvidence> DecodeIdentityEvidence(ByteView bytes);
absl::StatusOr<RecordKeyEvidence> DecodeRecordKeyEvidence(ByteView bytes);
absl::StatusOr<RealmEvidence> DecodeRealmEvidence(ByteView bytes);
absl::StatusOr<SignedStatement> DecodeSignedStatement(ByteView bytes);
absl::StatusOr<tpm::CredentialBlob> DecodeCredentialBlob(ByteView bytes);

}  // namespace labrec::attestation

#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "attestation/evidence/evidence.h"
#include "hsm/base/ecdsa.h"
#include "hsm/base/hash.h"
#include "hsm/tpm_wire/index_write.h"
#include "tests/support/tpm/tpm_tools.h"

namespace labrec::test {

// A software TPM with an EK certificate and an AK, that makes evidence by tpm2-tools: the side of a realm,
// written without a line of the project's own TPM code.
class AttestedTpm {
 public:
  enum class Ek { kRsa2048, kP256, kP384 };  // templates L-1, L-2, H-3
  enum class Ak { kEcdsa, kRsaSsa, kRsaPss };
  static absl::StatusOr<std::unique_ptr<AttestedTpm>> Start(Ek ek, Ak ak);

  const attestation::IdentityEvidence& identity() const { return identity_; }
  const TpmTools& tools() const { return tools_; }

  // TPM2_ActivateCredential.
  absl::StatusOr<Bytes> Activate(const tpm::CredentialBlob& blob) const;

  // Defines an index and makes a key with these policies and attributes, and certifies its creation.
  struct RecordKeyOptions {
    uint32_t handle = 0x01800100;
    std::string index_attributes = "0x02020098";
    std::string key_attributes = "fixedtpm|fixedparent|sensitivedataorigin|noda|decrypt";
    Bytes index_policy;
    Bytes key_policy;
    Digest nonce{};
  };
  absl::StatusOr<attestation::RecordKeyEvidence> MakeRecordKey(const RecordKeyOptions& options) const;
  // Opens a policy session and asks what a write of the counter there needs signed: the nonceTPM, and, as
  // tpm2-tools computes it, what PolicySigned hashes.
  struct WriteSession {
    Bytes nonce_tpm;
    Bytes signed_authorization;
  };
  absl::StatusOr<WriteSession> BeginWrite(const EcdsaPublicKey& unlock_key, uint32_t handle,
                                          const tpm::IndexWriteData& data) const;
  // PolicySigned with this r || s, PolicyCommandCode, NV_Write.
  absl::Status FinishWrite(uint32_t handle, ByteView signature) const;
  absl::StatusOr<attestation::SignedStatement> CertifyIndex(uint32_t handle, const Digest& nonce) const;

  // TPM2_Quote over "sha256:0,7"; the values of the PCRs in that order.
  absl::StatusOr<attestation::SignedStatement> Quote(std::string_view pcrs, const Digest& nonce) const;
  absl::StatusOr<std::vector<Bytes>> PcrValues(std::string_view pcrs) const;
  // Makes a key ("ecc:ecdh-sha256", "hmac:sha256") under the storage key as NAME.ctx; its TPMT_PUBLIC. The
  // record's key is "key".
  absl::StatusOr<Bytes> MakeKey(const std::string& name, const std::string& algorithm,
                                const std::string& attributes) const;
  absl::StatusOr<attestation::SignedStatement> CertifyCreation(const std::string& name,
                                                               const Digest& nonce) const;
  // TPM2_Certify, whose qualifyingData tpm2-tools always makes 00 ff 55 aa.
  absl::StatusOr<attestation::SignedStatement> Certify(const std::string& name) const;

 private:
  AttestedTpm(std::unique_ptr<Swtpm> tpm, Ek ek, Ak ak)
      : tpm_(std::move(tpm)), tools_(*tpm_), ek_(ek), ak_(ak) {}
  absl::Status MakeKeys();
  std::string Scheme() const;

  std::unique_ptr<Swtpm> tpm_;
  TpmTools tools_;
  mutable std::string write_;  // of BeginWrite: the arguments of tpm2_nvwrite
  Ek ek_;
  Ak ak_;
  attestation::IdentityEvidence identity_;
};

}  // namespace labrec::test

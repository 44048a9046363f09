#pragma once

#include <optional>

#include "hsm/attester.h"
#include "hsm/tpm2/attest/endorsement_key.h"
#include "hsm/tpm2/realm/connection.h"
#include "hsm/tpm2/realm/state.h"

// A private header: it brings the TSS with it.
namespace labrec::hsm::tpm2 {

// The attestation of a realm's TPM. The realm's keys leave one of three transient slots free. Where two keys
// have to be loaded at once (EK and AK, or a record's key and the AK), the evaluation key is moved out of the
// TPM for that time.
class TpmAttester final : public Attester {
 public:
  TpmAttester(Connection& connection, RealmState state) : connection_(connection), state_(std::move(state)) {}

  absl::StatusOr<AttesterIdentity> Identity() override;
  absl::StatusOr<SecretBytes> Activate(ByteView id_object, ByteView encrypted_secret) override;
  absl::StatusOr<CertifiedRealmKeys> CertifyRealmKeys(ByteView nonce) override;
  absl::StatusOr<QuotedPcrs> Quote(const PcrSelection& pcrs, ByteView nonce) override;
  absl::StatusOr<SignedAttestation> CertifyKey(const WrappedKey& key, ByteView nonce) override;
  absl::StatusOr<SignedAttestation> CertifyIndex(uint32_t index, uint16_t size, ByteView nonce) override;

 private:
  absl::Status FindIdentity(LoadedRealm& realm);

  Connection& connection_;
  const RealmState state_;
  const EkTemplate* made_from_ = nullptr;  // these two are read and written inside of connection_.Run only
  std::optional<AttesterIdentity> identity_;
};

}  // namespace labrec::hsm::tpm2

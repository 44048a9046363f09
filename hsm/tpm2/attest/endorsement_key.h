#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <tss2/tss2_tpm2_types.h>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/tpm2/link/handle.h"

// A private header: it brings the TSS with it. Endorsement keys as TCG's "EK Credential Profile for TPM
// Family 2.0" (version 2.5) has them.
namespace labrec::hsm::tpm2 {

// How an EK is authorised.
enum class EkAuthorization {
  kPolicyA,    // low range: TPM2_PolicySecret of the endorsement hierarchy
  kAuthValue,  // high range: its authValue too, which is empty
};

// One template of annex B, and the NV index where its certificate lies (section 2.2.1.4).
struct EkTemplate {
  std::string_view name;  // "L-1"
  uint32_t certificate_index;
  EkAuthorization authorization;
  TPM2B_PUBLIC (*pattern)();
};
// The templates that we know, in the order in which we want them: elliptic curves first, as their keys are
// made fast.
std::span<const EkTemplate> EkTemplates();

// A TPM's EK certificate, as it lies in NV memory, padding cut off.
struct EkCertificate {
  const EkTemplate* made_from = nullptr;
  Bytes der;
  std::vector<Bytes> chain;  // the certificates from 0x01C00100 on (section 2.2.1.5), each as DER
};

// The certificate of the first template whose index is defined. FAILED_PRECONDITION if no index is, or its
// content is no DER.
absl::StatusOr<EkCertificate> ReadEkCertificate(Context& context);

// The EK: a persistent key in the endorsement range where there is one, otherwise a primary key that is made
// from its template (seconds, for an RSA key).
class EndorsementKey {
 public:
  explicit EndorsementKey(TransientObject primary) : primary_(std::move(primary)) {}
  explicit EndorsementKey(PersistentObject persistent) : persistent_(std::move(persistent)) {}
  ESYS_TR esys() const { return primary_.empty() ? persistent_.esys() : primary_.esys(); }
  const TransientObject& primary() const { return primary_; }

 private:
  TransientObject primary_;
  PersistentObject persistent_;
};

// The persistent handle of an object made from this template; nullopt if there is none.
absl::StatusOr<std::optional<uint32_t>> PersistentEk(Context& context, const EkTemplate& made_from);
absl::StatusOr<PersistentObject> OpenPersistentEk(Context& context, uint32_t handle);

// A primary key of the endorsement hierarchy (TPM2_CreatePrimary, part 3, section 24.1), whose authorisation
// value must be empty. The same template gives the same key each time.
absl::StatusOr<TransientObject> CreateEndorsementPrimary(Context& context, const TPM2B_PUBLIC& pattern);

// TPMT_PUBLIC of a loaded key (TPM2_ReadPublic).
absl::StatusOr<Bytes> PublicAreaOf(Context& context, ESYS_TR key);

// How many bytes the DER element at the front of `bytes` has, header included; 0 if there is no whole one.
size_t DerLength(ByteView bytes);

}  // namespace labrec::hsm::tpm2

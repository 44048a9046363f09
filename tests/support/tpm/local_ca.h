#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "attestation/verify/ek/trust.h"
#include "hsm/tpm_wire/tpmt_public.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec::test {

// swtpm's own certificate authority (swtpm_localca): a root, an issuing CA under it, and EK certificates as a
// vendor makes them. One for the process: making its keys takes a second.
class LocalCa {
 public:
  static LocalCa& Instance();

  // DER of a certificate for this endorsement key. One call at a time.
  absl::StatusOr<Bytes> Certify(const tpm::TpmtPublic& ek);
  // DER of the issuing CA and of the root, once a certificate was made.
  absl::StatusOr<Bytes> Issuer() const;
  absl::StatusOr<attestation::EkTrust> Trust() const;

 private:
  LocalCa();
  TemporaryFolder folder_;
};

}  // namespace labrec::test

#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/tpm_wire/tpmt_public.h"

namespace labrec::tpm {

// TPMT_SIGNATURE (Part 2, section 11.3.4) by RSASSA, RSAPSS or ECDSA. A value type.
struct TpmtSignature {
  uint16_t algorithm = 0;  // kAlgRsaSsa, kAlgRsaPss or kAlgEcdsa
  HashAlgorithm hash = HashAlgorithm::kSha256;
  Bytes rsa;  // the signature of an RSA key
  Bytes r;    // of an ECC key
  Bytes s;

  // All of `bytes` as one TPMT_SIGNATURE. INVALID_ARGUMENT for another algorithm (SHA-1 included), a length
  // that no TPM writes, or bytes left over.
  static absl::StatusOr<TpmtSignature> Parse(ByteView bytes);

  bool operator==(const TpmtSignature&) const = default;
};

}  // namespace labrec::tpm

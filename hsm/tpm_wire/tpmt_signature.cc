#include "hsm/tpm_wire/tpmt_signature.h"

#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/reader.h"

namespace labrec::tpm {
namespace {

constexpr size_t kLongestRsa = 512;
constexpr size_t kLongestScalar = 66;

}  // namespace

absl::StatusOr<TpmtSignature> TpmtSignature::Parse(ByteView bytes) {
  TpmReader reader(bytes);
  TpmtSignature signature;
  signature.algorithm = reader.U16();
  const auto hash = HashAlgorithmOf(reader.U16());
  reader.Require(hash.has_value());
  signature.hash = hash.value_or(HashAlgorithm::kSha256);
  if (signature.algorithm == kAlgEcdsa) {
    signature.r = ToBytes(reader.Sized(kLongestScalar));
    signature.s = ToBytes(reader.Sized(kLongestScalar));
  } else {
    reader.Require(signature.algorithm == kAlgRsaSsa || signature.algorithm == kAlgRsaPss);
    signature.rsa = ToBytes(reader.Sized(kLongestRsa));
  }
  if (!reader.AtEnd()) {
    return absl::InvalidArgumentError(
        "not a signature (TPMT_SIGNATURE) by RSASSA, RSAPSS or ECDSA with SHA-256, SHA-384 or SHA-512");
  }
  return signature;
}

}  // namespace labrec::tpm

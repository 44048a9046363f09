#include "hsm/tpm_wire/tpmt_signature.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "attestation/verify/refusal.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/public_key.h"
#include "hsm/tpm_wire/reader.h"

namespace labrec::attestation {
namespace {

using SignaturePtr = std::unique_ptr<ECDSA_SIG, OpensslFree<ECDSA_SIG_free>>;

constexpr size_t kLongestRsa = 512;
constexpr size_t kLongestCoordinate = 66;

// ECDSA-Sig-Value (RFC 3279, section 2.2.3), as OpenSSL takes it. Empty if there is none.
Bytes EcdsaDer(const TpmtSignature& signature) {
  const SignaturePtr pair(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(signature.r.data(), static_cast<int>(signature.r.size()), nullptr);
  BIGNUM* s = BN_bin2bn(signature.s.data(), static_cast<int>(signature.s.size()), nullptr);
  if (pair == nullptr || ECDSA_SIG_set0(pair.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  uint8_t* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  Bytes out;
  if (size > 0) out.assign(der, der + size);
  OPENSSL_free(der);
  return out;
}

bool SetPadding(EVP_PKEY_CTX* context, uint16_t algorithm) {
  if (algorithm == kAlgRsaSsa) return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
  if (algorithm != kAlgRsaPss) return true;
  // Part 1, section B.7: the salt is as long as the hash, or, in older TPMs, as long as fits.
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_AUTO) == 1;
}

bool Verifies(EVP_PKEY* key, ByteView message, const TpmtSignature& signature) {
  const Bytes raw = signature.algorithm == kAlgEcdsa ? EcdsaDer(signature) : signature.rsa;
  const MdCtxPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  const bool valid =
      context != nullptr &&
      EVP_DigestVerifyInit_ex(context.get(), &key_context, DigestName(signature.hash), nullptr, nullptr, key,
                              nullptr) == 1 &&
      SetPadding(key_context, signature.algorithm) &&
      EVP_DigestVerify(context.get(), raw.data(), raw.size(), message.data(), message.size()) == 1;
  ERR_clear_error();
  return valid;
}

}  // namespace

absl::StatusOr<TpmtSignature> TpmtSignature::Parse(ByteView bytes) {
  TpmReader reader(bytes);
  TpmtSignature signature;
  signature.algorithm = reader.U16();
  const auto hash = HashAlgorithmOf(reader.U16());
  reader.Require(hash.has_value());
  signature.hash = hash.value_or(HashAlgorithm::kSha256);
  if (signature.algorithm == kAlgEcdsa) {
    signature.r = ToBytes(reader.Sized(kLongestCoordinate));
    signature.s = ToBytes(reader.Sized(kLongestCoordinate));
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

absl::Status VerifySignature(const TpmtPublic& signer, ByteView message, const TpmtSignature& signature) {
  if (signature.algorithm != signer.scheme.algorithm || AlgId(signature.hash) != signer.scheme.hash) {
    return Refuse(RefusalReason::kSignature,
                  "the signature is of another scheme than its key's public area says");
  }
  LABREC_ASSIGN_OR_RETURN(const PkeyPtr key, PublicKeyOf(signer));
  if (!Verifies(key.get(), message, signature)) {
    return Refuse(RefusalReason::kSignature, "the signature is not the attestation key's");
  }
  return absl::OkStatus();
}

}  // namespace labrec::attestation

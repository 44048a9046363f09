#include "attestation/verify/signature.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "attestation/evidence/refusal.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/public_key.h"

namespace labrec::attestation {
namespace {

using SignaturePtr = std::unique_ptr<ECDSA_SIG, OpensslFree<ECDSA_SIG_free>>;

// ECDSA-Sig-Value (RFC 3279, section 2.2.3), as OpenSSL takes it. Empty if there is none.
Bytes EcdsaDer(const tpm::TpmtSignature& signature) {
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

// `salt` is the length that a PSS signature has to have, or stands for one.
bool SetPadding(EVP_PKEY_CTX* context, uint16_t algorithm, int salt) {
  if (algorithm == tpm::kAlgRsaSsa) return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
  if (algorithm != tpm::kAlgRsaPss) return true;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt) == 1;
}

bool VerifiesWith(int salt, EVP_PKEY* key, ByteView message, const tpm::TpmtSignature& signature) {
  const Bytes raw = signature.algorithm == tpm::kAlgEcdsa ? EcdsaDer(signature) : signature.rsa;
  const MdCtxPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  const bool valid =
      context != nullptr &&
      EVP_DigestVerifyInit_ex(context.get(), &key_context, tpm::DigestName(signature.hash), nullptr, nullptr,
                              key, nullptr) == 1 &&
      SetPadding(key_context, signature.algorithm, salt) &&
      EVP_DigestVerify(context.get(), raw.data(), raw.size(), message.data(), message.size()) == 1;
  ERR_clear_error();
  return valid;
}

// Part 1, section B.7: a TPM's salt is as long as the hash, or, in older ones, as long as fits. One of any
// other length was not made by a TPM.
bool Verifies(EVP_PKEY* key, ByteView message, const tpm::TpmtSignature& signature) {
  if (VerifiesWith(RSA_PSS_SALTLEN_DIGEST, key, message, signature)) return true;
  return signature.algorithm == tpm::kAlgRsaPss && VerifiesWith(RSA_PSS_SALTLEN_MAX, key, message, signature);
}

}  // namespace

absl::Status VerifySignature(const tpm::TpmtPublic& signer, ByteView message,
                             const tpm::TpmtSignature& signature) {
  if (signature.algorithm != signer.scheme.algorithm || tpm::AlgId(signature.hash) != signer.scheme.hash) {
    return Refuse(RefusalReason::kSignature,
                  "the signature is of another scheme than its key's public area says");
  }
  LABREC_ASSIGN_OR_RETURN(const PkeyPtr key, tpm::PublicKeyOf(signer));
  if (!Verifies(key.get(), message, signature)) {
    return Refuse(RefusalReason::kSignature, "the signature is not the attestation key's");
  }
  return absl::OkStatus();
}

}  // namespace labrec::attestation

#include "hsm/tpm_wire/shared_seed.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/kdf.h"
#include "hsm/tpm_wire/public_key.h"

namespace labrec::tpm {
namespace {

constexpr char kLabel[] = "IDENTITY";  // its terminating zero belongs to the OAEP label

absl::Status Failed(const char* what) {
  ERR_clear_error();
  return absl::InvalidArgumentError(std::string("the endorsement key cannot be used for ") + what);
}

bool SetOaep(EVP_PKEY_CTX* context, HashAlgorithm algorithm) {
  const EVP_MD* digest = EVP_get_digestbyname(DigestName(algorithm));
  void* label = OPENSSL_memdup(kLabel, sizeof kLabel);
  if (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
      EVP_PKEY_CTX_set_rsa_oaep_md(context, digest) == 1 &&
      EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest) == 1 &&
      EVP_PKEY_CTX_set0_rsa_oaep_label(context, label, sizeof kLabel) == 1) {
    return true;  // the context owns the label
  }
  OPENSSL_free(label);
  return false;
}

absl::StatusOr<SharedSeed> RsaSeed(const TpmtPublic& area, EVP_PKEY* key) {
  SharedSeed made;
  made.seed = SecretBytes::Random(DigestSize(area.name_algorithm));
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  Bytes sealed(static_cast<size_t>(EVP_PKEY_get_size(key)));
  size_t size = sealed.size();
  if (context == nullptr || EVP_PKEY_encrypt_init(context.get()) != 1 ||
      !SetOaep(context.get(), area.name_algorithm) ||
      EVP_PKEY_encrypt(context.get(), sealed.data(), &size, made.seed.data(), made.seed.size()) != 1) {
    return Failed("OAEP encryption");
  }
  sealed.resize(size);
  made.encrypted = Writer().Lp(sealed).bytes();
  return made;
}

Bytes Coordinate(const EVP_PKEY* key, const char* name, size_t size) {
  BIGNUM* value = nullptr;
  Bytes out(size);
  if (EVP_PKEY_get_bn_param(key, name, &value) != 1) std::abort();
  const BnPtr owned(value);
  if (BN_bn2binpad(value, out.data(), static_cast<int>(size)) < 0) std::abort();
  return out;
}

absl::StatusOr<SharedSeed> EccSeed(const TpmtPublic& area, EVP_PKEY* key) {
  const PkeyPtr ephemeral(EVP_EC_gen(GroupName(area.curve)));
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, ephemeral.get(), nullptr));
  const size_t width = CoordinateSize(area.curve);
  SecretBytes z = SecretBytes::OfSize(width);
  size_t size = z.size();
  if (ephemeral == nullptr || context == nullptr || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), key) != 1 ||
      EVP_PKEY_derive(context.get(), z.data(), &size) != 1 || size != width) {
    return Failed("key agreement");
  }
  const Bytes x = Coordinate(ephemeral.get(), OSSL_PKEY_PARAM_EC_PUB_X, width);
  const Bytes y = Coordinate(ephemeral.get(), OSSL_PKEY_PARAM_EC_PUB_Y, width);
  const Bytes static_x = Coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, width);
  const uint32_t bits = static_cast<uint32_t>(DigestSize(area.name_algorithm) * 8);
  SharedSeed made;
  made.seed = KdfE(area.name_algorithm, z.view(), kLabel, x, static_x, bits);
  made.encrypted = Writer().Lp(Writer().Lp(x).Lp(y).bytes()).bytes();  // TPMS_ECC_POINT
  return made;
}

}  // namespace

absl::StatusOr<SharedSeed> MakeIdentitySeed(const TpmtPublic& key) {
  LABREC_ASSIGN_OR_RETURN(const PkeyPtr public_key, PublicKeyOf(key));
  if (key.type == kAlgRsa) return RsaSeed(key, public_key.get());
  return EccSeed(key, public_key.get());
}

}  // namespace labrec::tpm

#include "hsm/tpm_wire/shared_seed.h"

#include <algorithm>
#include <cstdlib>
#include <span>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/kdf.h"
#include "hsm/tpm_wire/public_key.h"

namespace labrec::tpm {
namespace {

using BuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, OpensslFree<OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, OpensslFree<OSSL_PARAM_free>>;

constexpr char kLabel[] = "IDENTITY";  // its terminating zero belongs to the OAEP label

absl::Status Failed(const char* what) {
  ERR_clear_error();
  return absl::InvalidArgumentError(std::string("the endorsement key cannot be used for ") + what);
}

// MGF1 (RFC 8017, appendix B.2.1), XORed into `to`.
void Mask(HashAlgorithm algorithm, ByteView seed, std::span<uint8_t> to) {
  const size_t step = DigestSize(algorithm);
  for (uint32_t block = 0; block * step < to.size(); ++block) {
    const Bytes counter = Writer().U32(block).bytes();
    const SecretBytes mask = HashSecret(algorithm, {seed, counter});
    for (size_t i = 0; i < step && block * step + i < to.size(); ++i) to[block * step + i] ^= mask.data()[i];
  }
}

// EME-OAEP (RFC 8017, section 7.1.1, step 2): 00 || masked seed || masked (hash of the label || zeros || 01
// || message). Empty where the message does not fit.
SecretBytes Oaep(HashAlgorithm algorithm, ByteView message, size_t size, const RandomSource& random) {
  const size_t hash = DigestSize(algorithm);
  if (size < message.size() + 2 * hash + 2) return {};
  SecretBytes encoded = SecretBytes::OfSize(size);
  const std::span<uint8_t> all = encoded.mutable_view();
  const std::span<uint8_t> seed = all.subspan(1, hash), block = all.subspan(1 + hash);
  std::ranges::fill(all, 0);
  const Bytes label = Hash(algorithm, {ByteView(reinterpret_cast<const uint8_t*>(kLabel), sizeof kLabel)});
  std::ranges::copy(label, block.begin());
  block[block.size() - message.size() - 1] = 1;
  std::ranges::copy(message, block.last(message.size()).begin());
  random(seed);
  Mask(algorithm, seed, block);
  Mask(algorithm, block, seed);
  return encoded;
}

absl::StatusOr<SharedSeed> RsaSeed(const TpmtPublic& area, EVP_PKEY* key, const RandomSource& random) {
  SharedSeed made;
  made.seed = RandomSecret(random, DigestSize(area.name_algorithm));
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  Bytes sealed(static_cast<size_t>(EVP_PKEY_get_size(key)));
  const SecretBytes encoded = Oaep(area.name_algorithm, made.seed.view(), sealed.size(), random);
  size_t size = sealed.size();
  if (context == nullptr || encoded.empty() || EVP_PKEY_encrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING) != 1 ||
      EVP_PKEY_encrypt(context.get(), sealed.data(), &size, encoded.data(), encoded.size()) != 1) {
    return Failed("OAEP encryption");
  }
  sealed.resize(size);
  made.encrypted = Writer().Lp(sealed).bytes();
  return made;
}

// A key pair of the curve (FIPS 186-5, A.2.1: uniform up to 2^-128). Null if it cannot be made.
PkeyPtr FreshKey(uint16_t curve, const RandomSource& random) {
  const EcGroupPtr group(EC_GROUP_new_by_curve_name(OBJ_txt2nid(GroupName(curve))));
  const SecretBytes drawn = RandomSecret(random, CoordinateSize(curve) + 16);
  const BnPtr number(BN_bin2bn(drawn.data(), static_cast<int>(drawn.size()), BN_secure_new()));
  const BnPtr most(group == nullptr ? nullptr : BN_dup(EC_GROUP_get0_order(group.get())));
  const BnPtr scalar(BN_secure_new());
  const BnCtxPtr context(BN_CTX_secure_new());
  if (number == nullptr || most == nullptr || scalar == nullptr || context == nullptr) return nullptr;
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  const EcPointPtr point(EC_POINT_new(group.get()));
  if (point == nullptr || BN_sub_word(most.get(), 1) != 1 ||
      BN_mod(scalar.get(), number.get(), most.get(), context.get()) != 1 ||
      BN_add_word(scalar.get(), 1) != 1 ||
      EC_POINT_mul(group.get(), point.get(), scalar.get(), nullptr, nullptr, context.get()) != 1) {
    return nullptr;
  }
  Bytes shown(1 + 2 * CoordinateSize(curve));
  if (EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, shown.data(), shown.size(),
                         context.get()) != shown.size()) {
    return nullptr;
  }
  const BuilderPtr builder(OSSL_PARAM_BLD_new());
  if (builder == nullptr ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, GroupName(curve), 0) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, scalar.get()) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, shown.data(), shown.size()) !=
          1) {
    return nullptr;
  }
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder.get()));
  const PkeyCtxPtr maker(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (params == nullptr || maker == nullptr || EVP_PKEY_fromdata_init(maker.get()) != 1 ||
      EVP_PKEY_fromdata(maker.get(), &key, EVP_PKEY_KEYPAIR, params.get()) != 1) {
    return nullptr;
  }
  return PkeyPtr(key);
}

Bytes Coordinate(const EVP_PKEY* key, const char* name, size_t size) {
  BIGNUM* value = nullptr;
  Bytes out(size);
  if (EVP_PKEY_get_bn_param(key, name, &value) != 1) std::abort();
  const BnPtr owned(value);
  if (BN_bn2binpad(value, out.data(), static_cast<int>(size)) < 0) std::abort();
  return out;
}

absl::StatusOr<SharedSeed> EccSeed(const TpmtPublic& area, EVP_PKEY* key, const RandomSource& random) {
  const PkeyPtr ephemeral = FreshKey(area.curve, random);
  if (ephemeral == nullptr) return Failed("key agreement");
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, ephemeral.get(), nullptr));
  const size_t width = CoordinateSize(area.curve);
  SecretBytes z = SecretBytes::OfSize(width);
  size_t size = z.size();
  if (context == nullptr || EVP_PKEY_derive_init(context.get()) != 1 ||
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

absl::StatusOr<SharedSeed> MakeIdentitySeed(const TpmtPublic& key, const RandomSource& random) {
  LABREC_ASSIGN_OR_RETURN(const PkeyPtr public_key, PublicKeyOf(key));
  if (key.type == kAlgRsa) return RsaSeed(key, public_key.get(), random);
  return EccSeed(key, public_key.get(), random);
}

}  // namespace labrec::tpm

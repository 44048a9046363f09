#include "hsm/tpm_wire/public_key.h"

#include <algorithm>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include "hsm/base/status_macros.h"
#include "hsm/tpm_wire/constants.h"

namespace labrec::tpm {
namespace {

using BuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, OpensslFree<OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, OpensslFree<OSSL_PARAM_free>>;

constexpr uint32_t kDefaultExponent = 65537;

absl::Status NoKey() {
  ERR_clear_error();
  return absl::InvalidArgumentError("the public area holds no public key that can be used");
}

absl::StatusOr<PkeyPtr> Build(const char* kind, OSSL_PARAM_BLD* builder) {
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder));
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  EVP_PKEY* key = nullptr;
  if (params == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return NoKey();
  }
  return PkeyPtr(key);
}

absl::StatusOr<PkeyPtr> RsaKey(const TpmtPublic& area) {
  const uint32_t exponent = area.exponent == 0 ? kDefaultExponent : area.exponent;
  if (area.modulus.empty() || area.modulus.front() == 0 || area.modulus.back() % 2 == 0 ||
      exponent < kDefaultExponent || exponent % 2 == 0) {
    return NoKey();
  }
  const BnPtr n(BN_bin2bn(area.modulus.data(), static_cast<int>(area.modulus.size()), nullptr));
  const BnPtr e(BN_new());
  const BuilderPtr builder(OSSL_PARAM_BLD_new());
  if (n == nullptr || e == nullptr || builder == nullptr || BN_set_word(e.get(), exponent) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return NoKey();
  }
  return Build("RSA", builder.get());
}

absl::StatusOr<PkeyPtr> EccKey(const TpmtPublic& area) {
  const char* group = GroupName(area.curve);
  const size_t size = CoordinateSize(area.curve);
  if (group == nullptr || area.x.size() > size || area.y.size() > size) return NoKey();
  Bytes point(1 + 2 * size);
  point[0] = 0x04;  // SEC 1, section 2.3.3: uncompressed
  std::copy(area.x.begin(), area.x.end(), point.begin() + static_cast<ptrdiff_t>(1 + size - area.x.size()));
  std::copy(area.y.begin(), area.y.end(), point.end() - static_cast<ptrdiff_t>(area.y.size()));
  const BuilderPtr builder(OSSL_PARAM_BLD_new());
  if (builder == nullptr ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) !=
          1) {
    return NoKey();
  }
  return Build("EC", builder.get());  // refuses a point that is not on the curve; all cofactors are 1
}

}  // namespace

const char* GroupName(uint16_t curve) {
  switch (curve) {
    case kCurveP256:
      return "prime256v1";
    case kCurveP384:
      return "secp384r1";
    case kCurveP521:
      return "secp521r1";
    default:
      return nullptr;
  }
}

size_t CoordinateSize(uint16_t curve) {
  switch (curve) {
    case kCurveP256:
      return 32;
    case kCurveP384:
      return 48;
    default:
      return 66;
  }
}

absl::StatusOr<PkeyPtr> PublicKeyOf(const TpmtPublic& area) {
  if (area.type == kAlgRsa) return RsaKey(area);
  if (area.type == kAlgEcc) return EccKey(area);
  return NoKey();
}

bool SameKey(const EVP_PKEY* a, const EVP_PKEY* b) {
  const bool same = EVP_PKEY_eq(a, b) == 1;
  ERR_clear_error();
  return same;
}

}  // namespace labrec::tpm

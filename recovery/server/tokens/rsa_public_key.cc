#include "recovery/server/tokens/rsa_public_key.h"

#include <memory>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/openssl_ptr.h"
#include "hsm/base/status_macros.h"

namespace labrec::recovery {
namespace {

using ParamBuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, OpensslFree<OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, OpensslFree<OSSL_PARAM_free>>;
using BioPtr = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;

constexpr int kMinimumBits = 2048;
constexpr int kMaximumBits = 8192;

absl::Status Check(const BIGNUM* n, const BIGNUM* e) {
  const int bits = BN_num_bits(n);
  if (bits < kMinimumBits || bits > kMaximumBits) {
    return absl::InvalidArgumentError(
        absl::StrCat("an RSA key of ", bits, " bits: ", kMinimumBits, " to ", kMaximumBits, " are taken"));
  }
  if (!BN_is_odd(n)) return absl::InvalidArgumentError("the RSA modulus is even");
  if (!BN_is_odd(e) || BN_num_bits(e) > 32 || BN_get_word(e) < 65537) {
    return absl::InvalidArgumentError("the RSA exponent is even, below 65537 or longer than 32 bits");
  }
  return absl::OkStatus();
}

PkeyPtr MakeKey(const BIGNUM* n, const BIGNUM* e) {
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  if (!builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e) != 1) {
    return nullptr;
  }
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder.get()));
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return PkeyPtr(key);
}

}  // namespace

absl::StatusOr<std::string> RsaPublicKeyPem(ByteView modulus, ByteView exponent) {
  const BnPtr n(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr));
  const BnPtr e(BN_bin2bn(exponent.data(), static_cast<int>(exponent.size()), nullptr));
  if (!n || !e) return absl::InvalidArgumentError("the RSA numbers cannot be read");
  LABREC_RETURN_IF_ERROR(Check(n.get(), e.get()));
  const PkeyPtr key = MakeKey(n.get(), e.get());
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (!key || !out || PEM_write_bio_PUBKEY(out.get(), key.get()) != 1) {
    return absl::InvalidArgumentError("OpenSSL does not take the RSA key");
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<size_t>(size));
}

bool RsaVerifies(std::string_view pem, ByteView message, ByteView signature) {
  const BioPtr in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const PkeyPtr key(in ? PEM_read_bio_PUBKEY(in.get(), nullptr, nullptr, nullptr) : nullptr);
  const MdCtxPtr context(EVP_MD_CTX_new());
  const bool good =
      key && context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) ==
          1;
  ERR_clear_error();
  return good;
}

}  // namespace labrec::recovery

#include "hsm/base/ecdsa.h"

#include <algorithm>
#include <cstring>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "hsm/base/hash.h"
#include "hsm/base/openssl_ptr.h"
#include "hsm/base/require.h"

namespace labrec {
namespace {

using BioPtr = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;
using SignaturePtr = std::unique_ptr<ECDSA_SIG, OpensslFree<ECDSA_SIG_free>>;

// RFC 5480: SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING { 04 || x || y } }.
constexpr std::array<uint8_t, 26> kSpkiPrefix = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                                 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                                 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

PkeyPtr BuildKey(const P256Point& point, const P256Scalar* scalar) {
  char group[] = "prime256v1";
  auto encoded = point.Uncompressed();
  std::unique_ptr<OSSL_PARAM_BLD, OpensslFree<OSSL_PARAM_BLD_free>> builder(OSSL_PARAM_BLD_new());
  BnPtr secret;
  Require(builder != nullptr);
  Require(OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, 0) == 1);
  Require(OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, encoded.data(),
                                           encoded.size()) == 1);
  if (scalar != nullptr) {
    secret.reset(BN_secure_new());
    Require(secret != nullptr && BN_bin2bn(scalar->SecretBytesView().data(), 32, secret.get()) != nullptr);
    Require(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, secret.get()) == 1);
  }
  std::unique_ptr<OSSL_PARAM, OpensslFree<OSSL_PARAM_free>> params(OSSL_PARAM_BLD_to_param(builder.get()));
  PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  Require(params != nullptr && context != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1);
  const int selection = scalar != nullptr ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
  Require(EVP_PKEY_fromdata(context.get(), &key, selection, params.get()) == 1);
  return PkeyPtr(key);
}

// Parameters that a key spells out are not looked at one by one: they name P-256 and may yet say something
// else, as with another cofactor (RFC 5480, section 2.1.1: specifiedCurve must not be used).
bool SpellsItsCurveOut(const EVP_PKEY* key) {
  int explicit_parameters = 0;
  return EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit_parameters) !=
             1 ||
         explicit_parameters != 0;
}

absl::StatusOr<P256Point> PointOf(EVP_PKEY* key) {
  char group[64] = {};
  size_t size = 0;
  if (key == nullptr || EVP_PKEY_get_group_name(key, group, sizeof group, &size) != 1 ||
      std::strcmp(group, "prime256v1") != 0) {
    ERR_clear_error();
    return absl::InvalidArgumentError("not an elliptic-curve key on P-256 (prime256v1)");
  }
  if (SpellsItsCurveOut(key)) {
    ERR_clear_error();
    return absl::InvalidArgumentError(
        "the key spells its curve's parameters out instead of naming it; write it anew with \"openssl pkey "
        "-ec_param_enc named_curve\"");
  }
  uint8_t encoded[P256Point::kUncompressedSize];
  if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, encoded, sizeof encoded, &size) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError("the key has no readable public point");
  }
  return P256Point::Parse({encoded, size});
}

}  // namespace

absl::StatusOr<EcdsaPublicKey> EcdsaPublicKey::FromSpki(ByteView der) {
  if (der.size() != kSpkiPrefix.size() + P256Point::kUncompressedSize ||
      !std::equal(kSpkiPrefix.begin(), kSpkiPrefix.end(), der.begin())) {
    return absl::InvalidArgumentError(
        "not a DER SubjectPublicKeyInfo of a P-256 key with an uncompressed point");
  }
  auto point = P256Point::Parse(der.subspan(kSpkiPrefix.size()));
  if (!point.ok()) return point.status();
  return EcdsaPublicKey(*point);
}

absl::StatusOr<EcdsaPublicKey> EcdsaPublicKey::FromPem(std::string_view pem) {
  BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  PkeyPtr key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (key == nullptr) return absl::InvalidArgumentError("no PEM block \"PUBLIC KEY\" that can be read");
  auto point = PointOf(key.get());
  if (!point.ok()) return point.status();
  return EcdsaPublicKey(*point);
}

EcdsaPublicKey EcdsaPublicKey::FromPoint(const P256Point& point) {
  return EcdsaPublicKey(point);
}

Bytes EcdsaPublicKey::Spki() const {
  Bytes der(kSpkiPrefix.begin(), kSpkiPrefix.end());
  const auto encoded = point_.Uncompressed();
  der.insert(der.end(), encoded.begin(), encoded.end());
  return der;
}

std::string EcdsaPublicKey::Pem() const {
  PkeyPtr key = BuildKey(point_, nullptr);
  BioPtr bio(BIO_new(BIO_s_mem()));
  Require(PEM_write_bio_PUBKEY(bio.get(), key.get()) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<size_t>(size)};
}

std::array<uint8_t, 16> EcdsaPublicKey::DeviceId() const {
  const Digest digest = Sha256(Spki());
  std::array<uint8_t, 16> id;
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

bool EcdsaPublicKey::Verify(ByteView message, ByteView signature) const {
  if (signature.size() != 64) return false;
  SignaturePtr raw(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(signature.data(), 32, nullptr);
  BIGNUM* s = BN_bin2bn(signature.data() + 32, 32, nullptr);
  Require(raw != nullptr && r != nullptr && s != nullptr && ECDSA_SIG_set0(raw.get(), r, s) == 1);
  uint8_t* der = nullptr;
  const int der_size = i2d_ECDSA_SIG(raw.get(), &der);
  if (der_size <= 0) return false;
  const PkeyPtr key = BuildKey(point_, nullptr);
  const MdCtxPtr context(EVP_MD_CTX_new());
  const bool valid =
      EVP_DigestVerifyInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, key.get(), nullptr) == 1 &&
      EVP_DigestVerify(context.get(), der, static_cast<size_t>(der_size), message.data(), message.size()) ==
          1;
  OPENSSL_free(der);
  ERR_clear_error();
  return valid;
}

EcdsaPrivateKey EcdsaPrivateKey::Generate() {
  return FromScalar(P256Scalar::Random());
}

EcdsaPrivateKey EcdsaPrivateKey::FromScalar(P256Scalar scalar) {
  const EcdsaPublicKey public_key = EcdsaPublicKey::FromPoint(P256Point::Generator().Times(scalar));
  return {std::move(scalar), public_key};
}

absl::StatusOr<EcdsaPrivateKey> EcdsaPrivateKey::FromPem(const SecretBytes& pem) {
  BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  char no_password[] = "";
  PkeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, no_password));
  ERR_clear_error();
  if (key == nullptr) {
    return absl::InvalidArgumentError("no unencrypted PEM block \"PRIVATE KEY\" that can be read");
  }
  auto point = PointOf(key.get());
  if (!point.ok()) return point.status();
  BIGNUM* number = nullptr;
  SecretBytes bytes = SecretBytes::OfSize(32);
  const bool read = EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1;
  const BnPtr owned(number);
  if (!read || BN_bn2binpad(number, bytes.data(), 32) != 32) {
    ERR_clear_error();
    return absl::InvalidArgumentError("the private scalar is missing or longer than 32 bytes");
  }
  auto scalar = P256Scalar::Parse(bytes.view());
  if (!scalar.ok()) return scalar.status();
  EcdsaPrivateKey loaded = FromScalar(*std::move(scalar));
  if (!(loaded.public_key().point() == *point)) {
    return absl::InvalidArgumentError("the private key does not fit the public key beside it");
  }
  return loaded;
}

SecretBytes EcdsaPrivateKey::ToPem() const {
  const PkeyPtr key = BuildKey(public_key_.point(), &scalar_);
  BioPtr bio(BIO_new(BIO_s_secmem()));
  Require(PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return SecretBytes::TakeFrom(
      std::span<uint8_t>(reinterpret_cast<uint8_t*>(text), static_cast<size_t>(size)));
}

std::array<uint8_t, 64> EcdsaPrivateKey::Sign(ByteView message) const {
  const PkeyPtr key = BuildKey(public_key_.point(), &scalar_);
  const MdCtxPtr context(EVP_MD_CTX_new());
  Bytes der(80);
  size_t size = der.size();
  Require(EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, key.get(), nullptr) == 1);
  Require(EVP_DigestSign(context.get(), der.data(), &size, message.data(), message.size()) == 1);
  const uint8_t* cursor = der.data();
  SignaturePtr raw(d2i_ECDSA_SIG(nullptr, &cursor, static_cast<long>(size)));
  Require(raw != nullptr);
  std::array<uint8_t, 64> signature;
  Require(BN_bn2binpad(ECDSA_SIG_get0_r(raw.get()), signature.data(), 32) == 32);
  Require(BN_bn2binpad(ECDSA_SIG_get0_s(raw.get()), signature.data() + 32, 32) == 32);
  return signature;
}

}  // namespace labrec

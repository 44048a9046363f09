#include "hsm/base/hash.h"

#include <algorithm>
#include <initializer_list>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "hsm/base/openssl_ptr.h"
#include "hsm/base/require.h"

namespace labrec {
namespace {

using MacCtxPtr = std::unique_ptr<EVP_MAC_CTX, OpensslFree<EVP_MAC_CTX_free>>;

constexpr size_t kMostExpanded = 255 * sizeof(Digest);

// Each algorithm is looked up once, and each thread keeps a context: the look-ups cost more than the hash.
EVP_MD_CTX* Sha256Context() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const MdCtxPtr context = [] {
    MdCtxPtr made(EVP_MD_CTX_new());
    Require(algorithm != nullptr && made != nullptr &&
            EVP_DigestInit_ex2(made.get(), algorithm, nullptr) == 1);
    return made;
  }();
  return context.get();
}

// HMAC-SHA-256 without a key, to be copied: a context that has had a key must not outlive the call.
MacCtxPtr NewHmacContext() {
  static const EVP_MAC_CTX* const keyless = [] {
    EVP_MAC_CTX* made = EVP_MAC_CTX_new(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_end()};
    Require(made != nullptr && EVP_MAC_CTX_set_params(made, params) == 1);
    return made;
  }();
  MacCtxPtr context(EVP_MAC_CTX_dup(keyless));
  Require(context != nullptr);
  return context;
}

void HmacInto(ByteView key, std::initializer_list<ByteView> data, std::span<uint8_t> out) {
  const MacCtxPtr context = NewHmacContext();
  const uint8_t none = 0;  // OpenSSL takes a null pointer for "the key of last time"
  Require(EVP_MAC_init(context.get(), key.empty() ? &none : key.data(), key.size(), nullptr) == 1);
  for (ByteView part : data) {
    Require(part.empty() || EVP_MAC_update(context.get(), part.data(), part.size()) == 1);
  }
  size_t size = 0;
  Require(EVP_MAC_final(context.get(), out.data(), &size, out.size()) == 1 && size == sizeof(Digest));
}

}  // namespace

Digest Sha256(ByteView data) {
  EVP_MD_CTX* context = Sha256Context();
  Digest out;
  Require(EVP_DigestUpdate(context, data.data(), data.size()) == 1);
  Require(EVP_DigestFinal_ex(context, out.data(), nullptr) == 1);
  // Begins the next one, so that this one's digest does not stay behind in the context.
  Require(EVP_DigestInit_ex2(context, nullptr, nullptr) == 1);
  return out;
}

SecretBytes HmacSha256(ByteView key, ByteView data) {
  SecretBytes out = SecretBytes::OfSize(sizeof(Digest));
  HmacInto(key, {data}, out.mutable_view());
  return out;
}

SecretBytes Hkdf(ByteView key_material, ByteView salt, ByteView info, size_t length) {
  // An empty HMAC key and 32 zero bytes are the same key.
  return HkdfExpand(HmacSha256(salt, key_material).view(), info, length);
}

// OpenSSL's own HKDF is not used: 3.0 refuses an info of more than 1024 bytes, a limit that RFC 5869 does not
// have.
SecretBytes HkdfExpand(ByteView pseudorandom_key, ByteView info, size_t length) {
  Require(length <= kMostExpanded && pseudorandom_key.size() >= sizeof(Digest));
  SecretBytes expanded = SecretBytes::OfSize(length);
  SecretBytes block = SecretBytes::OfSize(sizeof(Digest));
  for (size_t done = 0; done < length; done += block.size()) {
    const uint8_t counter = static_cast<uint8_t>(done / block.size() + 1);
    const ByteView previous = done == 0 ? ByteView() : block.view();
    HmacInto(pseudorandom_key, {previous, info, {&counter, 1}}, block.mutable_view());
    std::copy_n(block.data(), std::min(block.size(), length - done), expanded.data() + done);
  }
  return expanded;
}

}  // namespace labrec

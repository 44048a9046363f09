#include "recovery/labyrinth/base/gcm.h"

#include <cstdlib>

#include <openssl/evp.h>

#include "hsm/base/openssl_ptr.h"
#include "recovery/labyrinth/base/reason.h"

namespace labrec::recovery::labyrinth {
namespace {

constexpr int kTagSize = 16;

void Require(bool ok) {
  if (!ok) std::abort();
}

const EVP_CIPHER* CipherFor(ByteView key, ByteView nonce) {
  static EVP_CIPHER* const aes128 = EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr);
  static EVP_CIPHER* const aes256 = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  Require(aes128 != nullptr && aes256 != nullptr && nonce.size() == 12);
  Require(key.size() == 16 || key.size() == 32);
  return key.size() == 16 ? aes128 : aes256;
}

// EVP_CipherUpdate with out == nullptr feeds associated data. Empty input is no input.
void Update(EVP_CIPHER_CTX* context, uint8_t* out, ByteView in) {
  int written = 0;
  if (in.empty()) return;
  Require(EVP_CipherUpdate(context, out, &written, in.data(), static_cast<int>(in.size())) == 1);
}

}  // namespace

Bytes GcmSeal(ByteView key, ByteView nonce, ByteView plaintext, ByteView associated_data) {
  Bytes sealed(plaintext.size() + kTagSize);
  CipherCtxPtr context(EVP_CIPHER_CTX_new());
  Require(EVP_EncryptInit_ex2(context.get(), CipherFor(key, nonce), key.data(), nonce.data(), nullptr) == 1);
  Update(context.get(), nullptr, associated_data);
  Update(context.get(), sealed.data(), plaintext);
  uint8_t* tag = sealed.data() + plaintext.size();
  int written = 0;
  Require(EVP_EncryptFinal_ex(context.get(), tag, &written) == 1);
  Require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagSize, tag) == 1);
  return sealed;
}

absl::StatusOr<SecretBytes> GcmOpen(ByteView key, ByteView nonce, ByteView ciphertext,
                                    ByteView associated_data) {
  if (ciphertext.size() < kTagSize) return Damage(Reason::kMalformed, "a ciphertext is shorter than its tag");
  const ByteView body = ciphertext.first(ciphertext.size() - kTagSize);
  Bytes tag = ToBytes(ciphertext.last(kTagSize));
  SecretBytes plaintext = SecretBytes::OfSize(body.size());
  CipherCtxPtr context(EVP_CIPHER_CTX_new());
  Require(EVP_DecryptInit_ex2(context.get(), CipherFor(key, nonce), key.data(), nonce.data(), nullptr) == 1);
  Update(context.get(), nullptr, associated_data);
  Update(context.get(), plaintext.data(), body);
  Require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagSize, tag.data()) == 1);
  uint8_t none = 0;
  int written = 0;
  if (EVP_DecryptFinal_ex(context.get(), &none, &written) != 1) {
    return Damage(Reason::kNotOpened,
                  "a ciphertext does not open: wrong key, wrong context or changed bytes");
  }
  return plaintext;
}

}  // namespace labrec::recovery::labyrinth

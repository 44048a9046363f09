#include "hsm/base/aead.h"

#include <algorithm>
#include <array>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "hsm/base/openssl_ptr.h"
#include "hsm/base/require.h"

namespace labrec {
namespace {

constexpr size_t kNonceSize = kAeadNonceSize;
constexpr size_t kTagSize = 16;

const EVP_CIPHER* Aes256Gcm() {
  static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  Require(cipher != nullptr);
  return cipher;
}

}  // namespace

Bytes AeadSeal(ByteView key, ByteView plaintext, ByteView associated_data) {
  std::array<uint8_t, kNonceSize> nonce;
  Require(RAND_bytes(nonce.data(), kNonceSize) == 1);
  return AeadSealWithNonce(key, nonce, plaintext, associated_data);
}

Bytes AeadSealWithNonce(ByteView key, ByteView nonce, ByteView plaintext, ByteView associated_data) {
  Require(key.size() == kAeadKeySize && nonce.size() == kNonceSize);
  Bytes sealed(kNonceSize + plaintext.size() + kTagSize);
  std::copy(nonce.begin(), nonce.end(), sealed.begin());
  CipherCtxPtr context(EVP_CIPHER_CTX_new());
  int size = 0;
  Require(EVP_EncryptInit_ex2(context.get(), Aes256Gcm(), key.data(), sealed.data(), nullptr) == 1);
  Require(EVP_EncryptUpdate(context.get(), nullptr, &size, associated_data.data(),
                            static_cast<int>(associated_data.size())) == 1);
  if (!plaintext.empty()) {
    Require(EVP_EncryptUpdate(context.get(), sealed.data() + kNonceSize, &size, plaintext.data(),
                              static_cast<int>(plaintext.size())) == 1);
  }
  uint8_t* tag = sealed.data() + kNonceSize + plaintext.size();
  Require(EVP_EncryptFinal_ex(context.get(), tag, &size) == 1);
  Require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagSize, tag) == 1);
  return sealed;
}

absl::StatusOr<SecretBytes> AeadOpen(ByteView key, ByteView sealed, ByteView associated_data) {
  Require(key.size() == kAeadKeySize);
  if (sealed.size() < kAeadOverhead)
    return absl::DataLossError("sealed text is shorter than its nonce and tag");
  ByteView ciphertext = sealed.subspan(kNonceSize, sealed.size() - kAeadOverhead);
  Bytes tag = ToBytes(sealed.last(kTagSize));
  SecretBytes plaintext = SecretBytes::OfSize(ciphertext.size());
  CipherCtxPtr context(EVP_CIPHER_CTX_new());
  int size = 0;
  Require(EVP_DecryptInit_ex2(context.get(), Aes256Gcm(), key.data(), sealed.data(), nullptr) == 1);
  Require(EVP_DecryptUpdate(context.get(), nullptr, &size, associated_data.data(),
                            static_cast<int>(associated_data.size())) == 1);
  if (!ciphertext.empty()) {
    Require(EVP_DecryptUpdate(context.get(), plaintext.data(), &size, ciphertext.data(),
                              static_cast<int>(ciphertext.size())) == 1);
  }
  Require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagSize, tag.data()) == 1);
  uint8_t none = 0;
  if (EVP_DecryptFinal_ex(context.get(), &none, &size) != 1) {
    return absl::DataLossError("sealed text does not open: wrong key, wrong context or changed bytes");
  }
  return plaintext;
}

}  // namespace labrec

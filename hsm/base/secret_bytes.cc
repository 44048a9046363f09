#include "hsm/base/secret_bytes.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "hsm/base/secure_heap.h"

namespace labrec {
namespace {

constexpr size_t kSecureHeapBytes = 4U << 20;
// The last quarter is OpenSSL's, which fails where it finds no room for a number; we have somewhere else to
// go.
constexpr size_t kOurPart = kSecureHeapBytes / 4 * 3;
constexpr size_t kSmallestBlock = 32;

[[noreturn]] void Die(const char* what) {
  std::fprintf(stderr, "labyrinth-recovery: %s\n", what);
  std::abort();
}

uint8_t* AllocatePages(size_t size) {
  void* pages = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) Die("out of memory for a secret");
  (void)mlock(pages, size);
  (void)madvise(pages, size, MADV_DONTDUMP);
  return static_cast<uint8_t*>(pages);
}

uint8_t* Allocate(size_t size) {
  EnsureSecureHeap();
  if (size <= kOurPart && CRYPTO_secure_used() <= kOurPart - size) {
    if (void* block = OPENSSL_secure_zalloc(size)) return static_cast<uint8_t*>(block);
    ERR_clear_error();
  }
  return AllocatePages(size);
}

void Release(uint8_t* data, size_t size) {
  if (CRYPTO_secure_allocated(data) != 0) {
    OPENSSL_secure_clear_free(data, size);
    return;
  }
  OPENSSL_cleanse(data, size);
  munmap(data, size);
}

}  // namespace

void EnsureSecureHeap() {
  // 1 = locked, 2 = in use although the lock was refused (RLIMIT_MEMLOCK); 0 = some other module made it.
  static const int made = CRYPTO_secure_malloc_init(kSecureHeapBytes, kSmallestBlock);
  if (made == 0 && CRYPTO_secure_malloc_initialized() == 0) Die("no secure heap can be made");
}

SecretBytes SecretBytes::OfSize(size_t size) {
  return size == 0 ? SecretBytes() : SecretBytes(Allocate(size), size);
}

SecretBytes SecretBytes::CopyOf(ByteView bytes) {
  SecretBytes copy = OfSize(bytes.size());
  if (!bytes.empty()) std::memcpy(copy.data_, bytes.data(), bytes.size());
  return copy;
}

SecretBytes SecretBytes::Concat(std::initializer_list<ByteView> parts) {
  size_t size = 0;
  for (ByteView part : parts) size += part.size();
  SecretBytes whole = OfSize(size);
  uint8_t* end = whole.data_;
  for (ByteView part : parts) end = std::copy(part.begin(), part.end(), end);
  return whole;
}

SecretBytes SecretBytes::TakeFrom(std::string& source) {
  SecretBytes taken = CopyOf(AsBytes(source));
  Wipe(source);
  return taken;
}

SecretBytes SecretBytes::TakeFrom(std::span<uint8_t> source) {
  SecretBytes taken = CopyOf(source);
  Wipe(source);
  return taken;
}

SecretBytes SecretBytes::Random(size_t size) {
  SecretBytes bytes = OfSize(size);
  if (size != 0 && RAND_priv_bytes(bytes.data_, static_cast<int>(size)) != 1)
    Die("the random generator failed");
  return bytes;
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    Clear();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

SecretBytes::~SecretBytes() {
  Clear();
}

bool SecretBytes::Equals(ByteView other) const {
  return size_ == other.size() && (size_ == 0 || CRYPTO_memcmp(data_, other.data(), size_) == 0);
}

void SecretBytes::Clear() {
  if (data_ != nullptr) Release(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

void Wipe(std::span<uint8_t> bytes) {
  if (!bytes.empty()) OPENSSL_cleanse(bytes.data(), bytes.size());
}

void Wipe(std::string& text) {
  text.resize(text.capacity());  // a shortened string keeps its old bytes behind its end
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

void ForbidCoreDumps() {
  const rlimit none{0, 0};
  (void)setrlimit(RLIMIT_CORE, &none);
  (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace labrec

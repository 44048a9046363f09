#include "hsm/tpm2/link/tss_library_context.h"

#include <atomic>
#include <cstdlib>

#include <dlfcn.h>
#include <openssl/crypto.h>

namespace labrec::hsm::tpm2 {
namespace {

std::atomic<uint64_t> shared_contexts = 0;

template <typename Function>
Function OpensslsOwn(const char* name) {
  auto* function = reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
  if (function == nullptr) std::abort();  // who links this links libcrypto
  return function;
}

OSSL_LIB_CTX* NewContext() {
  static const auto own = OpensslsOwn<OSSL_LIB_CTX* (*)()>("OSSL_LIB_CTX_new");
  return own();
}

void EndContext(OSSL_LIB_CTX* context) {
  static const auto own = OpensslsOwn<void (*)(OSSL_LIB_CTX*)>("OSSL_LIB_CTX_free");
  own(context);
}

// The one context. It ends as the process exits, just before OpenSSL's own clean-up, which it must not
// outlive: its random generators hang on thread-local keys that go then. Null after that, or if it could not
// be made: then everybody makes their own.
class Shared {
 public:
  Shared() : context_(NewContext()) {}
  ~Shared() {
    if (OSSL_LIB_CTX* context = context_.exchange(nullptr); context != nullptr) EndContext(context);
  }
  OSSL_LIB_CTX* get() const { return context_; }

 private:
  std::atomic<OSSL_LIB_CTX*> context_;
};

OSSL_LIB_CTX* SharedContext() {
  static const bool initialized = OPENSSL_init_crypto(0, nullptr) == 1;  // so that its clean-up comes later
  static Shared shared;
  return initialized ? shared.get() : nullptr;
}

// Where the shared library that `address` lies in was mapped to.
const void* MappingOf(const void* address) {
  dl_find_object found{};
  return _dl_find_object(const_cast<void*>(address), &found) == 0 ? found.dlfo_map_start : nullptr;
}

bool IsInEsys(const void* address) {
  static const void* const esys = MappingOf(dlsym(RTLD_DEFAULT, "Esys_Initialize"));
  return esys != nullptr && MappingOf(address) == esys;
}

}  // namespace

void ShareLibraryContextWithTss() {
  (void)SharedContext();
}

uint64_t LibraryContextsShared() {
  return shared_contexts;
}

OSSL_LIB_CTX* ContextFor(const void* caller) {
  OSSL_LIB_CTX* const shared = IsInEsys(caller) ? SharedContext() : nullptr;
  if (shared == nullptr) return NewContext();
  ++shared_contexts;
  return shared;
}

void FreeContext(OSSL_LIB_CTX* context) {
  if (context == nullptr || context != SharedContext()) EndContext(context);
}

}  // namespace labrec::hsm::tpm2

extern "C" {

__attribute__((visibility("default"))) OSSL_LIB_CTX* OSSL_LIB_CTX_new(void) {
  return labrec::hsm::tpm2::ContextFor(__builtin_return_address(0));
}

__attribute__((visibility("default"))) void OSSL_LIB_CTX_free(OSSL_LIB_CTX* context) {
  labrec::hsm::tpm2::FreeContext(context);
}
}

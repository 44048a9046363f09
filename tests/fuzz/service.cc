// The whole service by the structure of its requests. The input is a row of calls, each of them three bytes
// and fields: method, how it is sent (ServiceClient::Flag), and the fields' length. Each input has an account
// of its own on a realm that lives on. Its ledger is made anew now and then, as it grows.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include <sanitizer/lsan_interface.h>

#include "hsm/base/secret_bytes.h"
#include "tests/fuzz/service/client.h"

namespace {

// Each thread's random generator of OpenSSL's lies in its secure heap, which LeakSanitizer does not look
// through by itself: whatever such a generator points to would count as leaked.
void LookThroughSecureHeap() {
  static const auto* const held = new labrec::SecretBytes(labrec::SecretBytes::Random(1));
  const auto inside = reinterpret_cast<unsigned long>(held->view().data());
  std::ifstream mappings("/proc/self/maps");
  for (std::string line; std::getline(mappings, line);) {
    unsigned long begin = 0;
    unsigned long end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx", &begin, &end) != 2 || inside < begin || inside >= end) continue;
    __lsan_register_root_region(reinterpret_cast<const void*>(begin), end - begin);
    return;
  }
  std::abort();
}

// Ended by atexit, while what it stands on is there still.
std::unique_ptr<labrec::fuzz::ServiceRealm>& TheRealm() {
  static auto* const realm = new std::unique_ptr<labrec::fuzz::ServiceRealm>;
  return *realm;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace labrec::fuzz;
  constexpr size_t kMostCalls = 24;
  constexpr int kAccountsPerLedger = 500;
  static int accounts = 0;
  std::unique_ptr<ServiceRealm>& realm = TheRealm();
  if (realm == nullptr) {
    LookThroughSecureHeap();
    realm = std::make_unique<ServiceRealm>();
    std::atexit([] { TheRealm().reset(); });
  } else if (accounts % kAccountsPerLedger == 0) {
    realm->Renew();
  }
  ServiceClient client(*realm, "a" + std::to_string(++accounts));
  size_t at = 0;
  for (size_t call = 0; call < kMostCalls && at + 3 <= size; ++call) {
    const size_t length = std::min<size_t>(data[at + 2], size - at - 3);
    client.Call(data[at], data[at + 1], std::string(reinterpret_cast<const char*>(data) + at + 3, length));
    at += 3 + length;
  }
  return 0;
}

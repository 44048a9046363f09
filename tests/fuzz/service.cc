// The whole service by the structure of its requests. The input is a row of calls, each of them three bytes
// and fields: method, how it is sent (ServiceClient::Flag), and the fields' length. Each input has an account
// of its own on a realm that lives on. Its ledger is made anew now and then, as it grows.

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>

#include "tests/fuzz/service/client.h"
#include "tests/support/process/secure_heap_roots.h"

namespace {

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
    labrec::test::LookThroughSecureHeap();
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

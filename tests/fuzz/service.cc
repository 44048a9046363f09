// The whole service by the structure of its requests. The input is a row of calls, each of them three bytes
// and fields: method, how it is sent (ServiceClient::Flag), and the fields' length. Each input has an account
// of its own on a realm that lives on, and is made anew now and then, as its ledger grows.

#include <memory>
#include <string>

#include "tests/fuzz/service/client.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace labrec::fuzz;
  constexpr size_t kMostCalls = 64;
  constexpr int kAccountsPerRealm = 5000;
  static std::unique_ptr<ServiceRealm> realm;
  static int accounts = 0;
  if (accounts++ % kAccountsPerRealm == 0) {
    realm.reset();
    realm = std::make_unique<ServiceRealm>();
  }
  ServiceClient client(*realm, "a" + std::to_string(accounts));
  size_t at = 0;
  for (size_t call = 0; call < kMostCalls && at + 3 <= size; ++call) {
    const uint8_t method = data[at] % ServiceClient::kMethods;
    const uint8_t flags = data[at + 1];
    const size_t length = std::min<size_t>(data[at + 2], size - at - 3);
    client.Call(method, flags, std::string(reinterpret_cast<const char*>(data) + at + 3, length));
    at += 3 + length;
  }
  return 0;
}

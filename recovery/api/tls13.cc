#include "recovery/api/tls13.h"

#include <cstdlib>
#include <mutex>
#include <string_view>

namespace labrec::recovery {
namespace {

constexpr char kSuitesVariable[] = "GRPC_SSL_CIPHER_SUITES";
constexpr char kNeedsPresharedKey[] = "PSK-AES256-GCM-SHA384";

}  // namespace

void RequireTls13() {
  static std::once_flag once;
  std::call_once(once, [] { setenv(kSuitesVariable, kNeedsPresharedKey, 1); });
}

bool IsTls13Required() {
  const char* const suites = std::getenv(kSuitesVariable);
  return suites != nullptr && std::string_view(suites) == kNeedsPresharedKey;
}

}  // namespace labrec::recovery

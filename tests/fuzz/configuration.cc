// The daemon's configuration and a client's list of realms: the first byte says which. A list names
// certificates, which are read: its paths are kept inside one folder. A configuration may name a file of
// tenants: none of a device.

#include <cstdlib>

#include "recovery/client/base/realm_address.h"
#include "tests/support/checkout_paths.h"
#include "tools/recoveryd/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace labrec;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  if (data[0] % 2 == 0) {
    if (text.find("/dev") != std::string::npos || text.find("/proc") != std::string::npos ||
        text.find("..") != std::string::npos || text.find('\\') != std::string::npos)
      return 0;
    const auto config = recoveryd::ParseConfig(text, "/etc/labyrinth/recoveryd.toml");
    if (config.ok() && config->state.empty()) std::abort();
    return 0;
  }
  if (text.find('/') != std::string::npos || text.find("..") != std::string::npos ||
      text.find('\\') != std::string::npos)
    return 0;
  const auto list =
      recovery::client::ParseRealmList(text, LABREC_SOURCE_DIR "/tests/fuzz/policy_folder/realms.toml");
  if (!list.ok()) return 0;
  if (list->realms.empty() || list->realms.size() > 16) std::abort();
  for (const auto& realm : list->realms) {
    if (realm.id.size() != 16 || realm.address.empty() || realm.ca_pem.empty()) std::abort();
  }
  return 0;
}

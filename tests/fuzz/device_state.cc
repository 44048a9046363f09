// What realm.json keeps of a device, of both kinds, and realm.json itself: what is taken is written again as
// it is.

#include <cstdlib>

#include "hsm/pkcs11/anchor/state.h"
#include "hsm/tpm2/realm/state.h"
#include "recovery/realm/manifest.h"

namespace {

using namespace labrec;

// Written again, it is read again, and as the same.
template <typename Read, typename Write>
void Check(const std::string& text, Read read, Write write) {
  const auto state = read(text);
  if (!state.ok()) return;
  const std::string once = write(*state);
  const auto again = read(once);
  if (!again.ok() || write(*again) != once) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 3) {
    case 0:
      Check(
          text, [](const std::string& json) { return hsm::pkcs11::FromJson({json}); },
          [](const hsm::pkcs11::State& state) { return hsm::pkcs11::ToJson(state).json; });
      break;
    case 1:
      Check(
          text, [](const std::string& json) { return hsm::tpm2::ReadState({json}); },
          [](const hsm::tpm2::RealmState& state) { return hsm::tpm2::WriteState(state).json; });
      break;
    default:
      Check(
          text, [](const std::string& json) { return recovery::RealmManifestFromJson(json); },
          [](const recovery::RealmManifest& manifest) { return recovery::ToJson(manifest); });
  }
  return 0;
}

#include "hsm/tpm2/random.h"

#include "hsm/base/secret_bytes.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm2/link/commands.h"

namespace labrec::hsm::tpm2 {

absl::Status TpmRandom::Fill(std::span<uint8_t> out) {
  LABREC_RETURN_IF_ERROR(connection_.Run(
      OnLoss::kRepeat, [&](LoadedRealm& realm) { return GetRandom(*realm.context, *realm.session, out); }));
  const SecretBytes ours = SecretBytes::Random(out.size());
  for (size_t i = 0; i < out.size(); ++i) out[i] ^= ours.data()[i];
  return absl::OkStatus();
}

}  // namespace labrec::hsm::tpm2

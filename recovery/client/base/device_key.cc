#include "recovery/client/base/device_key.h"

#include "absl/strings/str_cat.h"

#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"

namespace labrec::recovery::client {

absl::StatusOr<DeviceKey> DeviceKey::Load(const std::filesystem::path& path) {
  LABREC_ASSIGN_OR_RETURN(const SecretBytes pem, ReadSecretFile(path));
  absl::StatusOr<EcdsaPrivateKey> key = EcdsaPrivateKey::FromPem(pem);
  if (key.ok()) return DeviceKey(*std::move(key));
  return absl::InvalidArgumentError(absl::StrCat("device key ", path.string(), ": ", key.status().message(),
                                                 "; make one with labyrinth-recover device-key"));
}

absl::Status DeviceKey::Save(const std::filesystem::path& path) const {
  const SecretBytes pem = key_.ToPem();
  return WriteFile(path, pem.view(), 0600, Overwrite::kRefuse);
}

RequestSignature DeviceKey::Sign(ByteView, ByteView message) const {
  return {public_key().DeviceId(), ToBytes(key_.Sign(message))};
}

}  // namespace labrec::recovery::client

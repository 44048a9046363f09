#include "recovery/client/device_key.h"

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

v1::Signature DeviceKey::Sign(ByteView, ByteView challenge, ByteView message) const {
  v1::Signature signature;
  signature.set_challenge(ToString(challenge));
  signature.set_device_id(ToString(public_key().DeviceId()));
  signature.set_signature(ToString(key_.Sign(message)));
  return signature;
}

}  // namespace labrec::recovery::client

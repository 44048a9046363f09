#include "tools/admin/public_key_file.h"

#include <string>

#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"

namespace labrec::admin {

absl::StatusOr<EcdsaPublicKey> ReadPublicKey(const std::filesystem::path& path) {
  LABREC_ASSIGN_OR_RETURN(const Bytes content, ReadFile(path, 1U << 16));
  absl::StatusOr<EcdsaPublicKey> key = EcdsaPublicKey::FromPem(AsText(content));
  if (key.ok()) return key;
  return absl::InvalidArgumentError(path.string() + ": " + std::string(key.status().message()));
}

}  // namespace labrec::admin

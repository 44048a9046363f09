#include "hsm/tpm2/link/authorization.h"

#include <string>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/hash.h"

namespace labrec::hsm::tpm2 {

absl::StatusOr<SecretBytes> AuthValue(const SecretBytes& authorization, std::string_view purpose) {
  if (authorization.size() != kAuthorizationSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("a TPM realm's authorisation has 32 bytes, this one has ", authorization.size()));
  }
  for (uint8_t attempt = 0;; ++attempt) {
    Writer info;
    info.Lp("labyrinth-recovery/v1/tpm2-auth").Lp(purpose).U8(attempt);
    SecretBytes value = HkdfExpand(authorization.view(), info.bytes(), kAuthorizationSize);
    if (value.data()[value.size() - 1] != 0) return value;
  }
}

}  // namespace labrec::hsm::tpm2

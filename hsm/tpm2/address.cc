#include "hsm/tpm2/address.h"

#include "absl/strings/str_cat.h"

namespace labrec::hsm::tpm2 {

absl::StatusOr<std::string> TctiOf(const DeviceAddress& address) {
  const std::string scheme = kScheme;
  if (address.uri.rfind(scheme, 0) != 0 || address.uri.size() == scheme.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", address.uri, "' is no address of a TPM; write tpm2:<TCTI>, ",
                     "as tpm2:device:/dev/tpmrm0 or tpm2:swtpm:path=/run/tpm.sock"));
  }
  return address.uri.substr(scheme.size());
}

}  // namespace labrec::hsm::tpm2

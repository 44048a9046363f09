#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"
#include "hsm/pkcs11/token/cryptoki.h"

namespace labrec::hsm::pkcs11 {

// What a PKCS#11 URI (RFC 7512) says. A value type; the parsed URI is shared and never changed.
class TokenAddress {
 public:
  // INVALID_ARGUMENT, with what to write instead: no pkcs11 URI; no absolute module-path; an unknown
  // attribute (a misspelt one must not widen the choice of tokens); pin-value (it would stand in process
  // lists); a pin-source that is no file; an attribute of an object (we find our objects by our own names).
  static absl::StatusOr<TokenAddress> Parse(const std::string& uri);

  const std::string& module_path() const { return module_path_; }
  // How many sessions work at a time, 1 to 64.
  int parallelism() const { return parallelism_; }
  bool Matches(CK_SLOT_ID slot, const CK_TOKEN_INFO& token) const;

  // Reads the user PIN from the file of pin-source, without a line end. FAILED_PRECONDITION if the address
  // names none or the file is open to others; the error of ReadSecretFile otherwise.
  absl::StatusOr<SecretBytes> ReadPin() const;

 private:
  TokenAddress() = default;

  std::shared_ptr<P11KitUri> uri_;
  std::string module_path_;
  std::optional<std::filesystem::path> pin_file_;
  int parallelism_ = 2;
};

}  // namespace labrec::hsm::pkcs11

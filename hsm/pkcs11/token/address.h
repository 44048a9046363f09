#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

#include "hsm/base/secret_bytes.h"
#include "hsm/pkcs11/token/cryptoki.h"

namespace labrec::hsm::pkcs11 {

// What a PKCS#11 URI (RFC 7512) says. A value type.
class TokenAddress {
 public:
  // INVALID_ARGUMENT, with what to write instead and without any value: what Uri::Parse refuses; no absolute
  // module-path; an attribute that Matches does not compare (a misspelt one must not widen the choice of
  // tokens), or in the other half of the URI; a value that no token can have; pin-value (it would stand in
  // process lists); a pin-source that is no file; an attribute of an object (we find our objects by our own
  // names).
  static absl::StatusOr<TokenAddress> Parse(const std::string& uri);

  const std::string& module_path() const { return module_path_; }
  // What the module gets as pReserved of C_Initialize (PKCS#11 2.40, section 5.4); usually empty.
  const std::string& init_args() const { return init_args_; }
  // How many sessions work at a time, 1 to 64.
  int parallelism() const { return parallelism_; }
  // Whether the token has all that the path names, to the byte; blanks that pad a value do not count.
  bool Matches(CK_SLOT_ID slot, const CK_TOKEN_INFO& token) const;

  // Reads the user PIN from the file of pin-source. FAILED_PRECONDITION if the address names none, or the
  // file holds more than a line; the error of ReadSecretLine otherwise.
  absl::StatusOr<SecretBytes> ReadPin() const;

 private:
  TokenAddress() = default;
  absl::Status TakePath(const std::string& name, const std::string& value);
  absl::Status TakeQuery(const std::string& name, const std::string& value);

  std::optional<std::string> token_;
  std::optional<std::string> serial_;
  std::optional<std::string> manufacturer_;
  std::optional<std::string> model_;
  std::optional<CK_SLOT_ID> slot_id_;
  std::string module_path_;
  std::string init_args_;
  std::optional<std::filesystem::path> pin_file_;
  int parallelism_ = 2;
};

}  // namespace labrec::hsm::pkcs11

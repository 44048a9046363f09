#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace labrec::hsm::pkcs11 {

// A PKCS#11 URI (RFC 7512, section 2.3) as its writer wrote it: nothing is dropped, guessed or looked up. A
// value type.
struct Uri {
  struct Attribute {
    std::string name;
    std::string value;  // decoded; holds no zero byte
  };
  std::vector<Attribute> path;
  std::vector<Attribute> query;

  // INVALID_ARGUMENT, naming the attribute and never its value (which may be a PIN): another scheme; an
  // attribute that is empty, has no '=' or stands there twice, in the path, in the query or once in each; a
  // blank, a line end or another character that a URI has only as %XX; %00 and what is no %XX at all.
  static absl::StatusOr<Uri> Parse(std::string_view text);
};

}  // namespace labrec::hsm::pkcs11

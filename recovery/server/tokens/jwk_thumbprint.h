#pragma once

#include <map>
#include <string>

#include "hsm/base/ecdsa.h"
#include "hsm/base/hash.h"

namespace labrec::recovery {

// SHA-256 over the members that a JSON Web Key of its kind has to have, in the order of their names and
// without white space (RFC 7638, section 3). Neither names nor values hold what JSON escapes. Any thread.
Digest JwkThumbprint(const std::map<std::string, std::string>& required_members);
// Of a P-256 key: "crv", "kty", "x", "y" (section 3.2).
Digest JwkThumbprint(const EcdsaPublicKey& key);

}  // namespace labrec::recovery

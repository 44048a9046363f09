#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hsm/base/bytes.h"

namespace labrec::recovery {

// base64url without padding (RFC 7515, section 2). Any thread.
std::string Base64Url(ByteView bytes);
// nullopt unless `text` is exactly what Base64Url gives for some bytes: one text per byte string.
std::optional<Bytes> FromBase64Url(std::string_view text);

}  // namespace labrec::recovery

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace labrec {

// Takes the first code point off a text that is not empty (RFC 3629). Nothing: no UTF-8 begins there, or one
// that is cut off, longer than needed, a surrogate, or above U+10FFFF.
std::optional<uint32_t> TakeCodePoint(std::string_view& text);

// Whether all of the text is UTF-8; control characters, zero among them, are.
bool IsUtf8(std::string_view text);

}  // namespace labrec

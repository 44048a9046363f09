#pragma once

#include <string_view>

namespace labrec::recovery {

// Whether `text` is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF)
// without control characters (U+0000..U+001F, U+007F..U+009F). The empty text is.
bool IsPlainUtf8(std::string_view text);

}  // namespace labrec::recovery

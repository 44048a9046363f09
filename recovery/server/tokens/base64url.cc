#include "recovery/server/tokens/base64url.h"

#include "absl/strings/escaping.h"

#include "hsm/base/absl_view.h"

namespace labrec::recovery {

std::string Base64Url(ByteView bytes) {
  std::string text;
  absl::WebSafeBase64Escape(AbslView(AsText(bytes)), &text);
  while (!text.empty() && text.back() == '=') text.pop_back();
  return text;
}

std::optional<Bytes> FromBase64Url(std::string_view text) {
  std::string decoded;
  if (!absl::WebSafeBase64Unescape(AbslView(text), &decoded)) return std::nullopt;
  Bytes bytes = ToBytes(decoded);
  if (Base64Url(bytes) != text) return std::nullopt;  // padding, spaces, stray bits
  return bytes;
}

}  // namespace labrec::recovery

#include "hsm/base/text/utf8.h"

#include <cstddef>

namespace labrec {
namespace {

struct Lead {
  size_t continuation_bytes;
  uint32_t bits;
  uint32_t smallest;  // code point that needs this many bytes
};

// The meaning of a first byte; more than three continuation bytes mean that it is none.
Lead ReadLead(uint8_t byte) {
  if (byte < 0x80) return {0, byte, 0};
  if (byte >= 0xC0 && byte < 0xE0) return {1, byte & 0x1FU, 0x80};
  if (byte >= 0xE0 && byte < 0xF0) return {2, byte & 0x0FU, 0x800};
  if (byte >= 0xF0 && byte < 0xF8) return {3, byte & 0x07U, 0x10000};
  return {4, 0, 0};
}

}  // namespace

std::optional<uint32_t> TakeCodePoint(std::string_view& text) {
  const Lead lead = ReadLead(static_cast<uint8_t>(text.front()));
  if (lead.continuation_bytes > 3 || text.size() <= lead.continuation_bytes) return std::nullopt;
  uint32_t code = lead.bits;
  for (size_t i = 1; i <= lead.continuation_bytes; ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if ((byte & 0xC0U) != 0x80U) return std::nullopt;
    code = (code << 6U) | (byte & 0x3FU);
  }
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  if (code < lead.smallest || surrogate || code > 0x10FFFF) return std::nullopt;
  text.remove_prefix(lead.continuation_bytes + 1);
  return code;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    if (!TakeCodePoint(text)) return false;
  }
  return true;
}

}  // namespace labrec

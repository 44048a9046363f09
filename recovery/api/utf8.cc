#include "recovery/api/utf8.h"

#include <cstddef>
#include <cstdint>

namespace labrec::recovery {
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

bool IsPlainCodePoint(uint32_t code) {
  const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  return !control && !surrogate && code <= 0x10FFFF;
}

}  // namespace

bool IsPlainUtf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const Lead lead = ReadLead(static_cast<uint8_t>(text[at++]));
    if (lead.continuation_bytes > 3 || text.size() - at < lead.continuation_bytes) return false;
    uint32_t code = lead.bits;
    for (size_t i = 0; i < lead.continuation_bytes; ++i) {
      const auto byte = static_cast<uint8_t>(text[at++]);
      if ((byte & 0xC0U) != 0x80U) return false;
      code = (code << 6U) | (byte & 0x3FU);
    }
    if (code < lead.smallest || !IsPlainCodePoint(code)) return false;
  }
  return true;
}

}  // namespace labrec::recovery

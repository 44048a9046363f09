#include "recovery/api/names.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/status_macros.h"

namespace labrec::recovery {
namespace {

bool IsRecordNameCharacter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

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

bool IsRecordName(std::string_view text) {
  return !text.empty() && text.size() <= kMostRecordNameBytes &&
         std::ranges::all_of(text, IsRecordNameCharacter);
}

bool IsIdentifier(std::string_view text) {
  return !text.empty() && text.size() <= kMostIdentifierBytes && IsPlainUtf8(text);
}

bool IsDeviceName(std::string_view text) {
  return text.size() <= kMostDeviceNameBytes && IsPlainUtf8(text);
}

absl::Status CheckShortName(std::string_view what, std::string_view name) {
  if (IsRecordName(name)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(AbslView(what), ": a name has 1 to ", kMostRecordNameBytes,
                                                 " of the characters A-Z a-z 0-9 . _ -"));
}

absl::Status CheckIdentifier(std::string_view what, std::string_view name) {
  if (IsIdentifier(name)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(AbslView(what), ": a name has 1 to ", kMostIdentifierBytes,
                                                 " bytes of UTF-8 without control characters"));
}

absl::Status CheckDeviceName(std::string_view name) {
  if (IsDeviceName(name)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("name: has at most ", kMostDeviceNameBytes, " bytes of UTF-8 without control characters"));
}

absl::Status CheckName(const RecordName& name) {
  LABREC_RETURN_IF_ERROR(CheckIdentifier("tenant", name.tenant));
  LABREC_RETURN_IF_ERROR(CheckIdentifier("account", name.account));
  return CheckShortName("record", name.record);
}

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

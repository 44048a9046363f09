#include "recovery/api/limits.h"

#include <algorithm>

#include "recovery/api/utf8.h"

namespace labrec::recovery {
namespace {

bool IsRecordNameCharacter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
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

}  // namespace labrec::recovery

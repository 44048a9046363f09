#include "recovery/api/names.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/status_macros.h"
#include "hsm/base/text/utf8.h"

namespace labrec::recovery {
namespace {

bool IsRecordNameCharacter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

bool IsControl(uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0);
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
  while (!text.empty()) {
    const std::optional<uint32_t> code = TakeCodePoint(text);
    if (!code || IsControl(*code)) return false;
  }
  return true;
}

}  // namespace labrec::recovery

#include "recovery/api/names.h"

#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "recovery/api/limits.h"

namespace labrec::recovery {

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

absl::Status CheckDisplayName(std::string_view name) {
  if (IsDeviceName(name)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("name: has at most ", kMostDeviceNameBytes, " bytes of UTF-8 without control characters"));
}

}  // namespace labrec::recovery

#pragma once

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"

#include "recovery/api/record_name.h"

namespace labrec::recovery {

// What names look like, on both sides of the wire. All functions are pure.
inline constexpr size_t kMostRecordNameBytes = 64;
inline constexpr size_t kMostIdentifierBytes = 128;
inline constexpr size_t kMostDeviceNameBytes = 64;

// Records and realms: [A-Za-z0-9._-]{1,64}.
bool IsRecordName(std::string_view text);
// Tenants and accounts: 1 to 128 bytes of UTF-8 without control characters.
bool IsIdentifier(std::string_view text);
// Devices: at most 64 bytes of UTF-8 without control characters, as it is shown on terminals. May be empty.
bool IsDeviceName(std::string_view text);

// The same as statuses: INVALID_ARGUMENT, with `what` ("record", "tenant") as the subject and the rule in
// words.
absl::Status CheckShortName(std::string_view what, std::string_view name);
absl::Status CheckIdentifier(std::string_view what, std::string_view name);
absl::Status CheckDeviceName(std::string_view name);
// Tenant, account and record.
absl::Status CheckName(const RecordName& name);

// Whether `text` is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF)
// without control characters (U+0000..U+001F, U+007F..U+009F). The empty text is.
bool IsPlainUtf8(std::string_view text);

}  // namespace labrec::recovery

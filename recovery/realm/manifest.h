#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"
#include "hsm/device_setup.h"

namespace labrec::recovery {

// A device of a realm: where it was at init, and how to find the realm's keys on it.
struct RealmDevice {
  std::string uri;
  hsm::DeviceState state;
};

// What realm.json says: everything about a realm that is neither secret nor in the ledger. docs/formats.md.
struct RealmManifest {
  Bytes realm_id;  // 16 bytes
  std::string name;
  int64_t created_at_ms = 0;
  uint32_t bucket_exponent = 16;
  RealmDevice device;                 // the keys, and the anchor where it has no device of its own
  std::optional<RealmDevice> anchor;  // a device for the anchor alone
};

std::string ToJson(const RealmManifest& manifest);

// INVALID_ARGUMENT, naming the member: no JSON, a member that is missing, malformed or unknown, another
// format.
absl::StatusOr<RealmManifest> RealmManifestFromJson(std::string_view json);

}  // namespace labrec::recovery

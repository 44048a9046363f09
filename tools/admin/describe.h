#pragma once

#include <string>

#include "recovery/api/v1/admin.pb.h"
#include "recovery/server/realm_manifest.h"
#include "tools/admin/output.h"
#include "tools/admin/realm_init.h"

namespace labrec::admin {

// Answers as JSON: identifiers, keys and digests in hexadecimal, times in Unix milliseconds, states in lower
// case.
Json Describe(const recovery::RealmManifest& manifest);
Json Describe(const hsm::DeviceDescription& device);
Json Describe(const labyrinth::recovery::v1::GetStatusResponse& status);
Json Describe(const labyrinth::recovery::v1::ListDevicesResponse& devices);
Json Describe(const labyrinth::recovery::v1::AdminShowRecordResponse& record);

// The same for people: "key: value" lines, nested ones indented.
std::string Text(const Json& json);

}  // namespace labrec::admin

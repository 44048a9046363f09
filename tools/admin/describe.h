#pragma once

#include <string>

#include "hsm/description.h"
#include "hsm/freshness_anchor.h"
#include "recovery/api/v1/admin.pb.h"
#include "recovery/ledger/verify.h"
#include "recovery/realm/manifest.h"
#include "tools/admin/output.h"

namespace labrec::admin {

// Answers as JSON: identifiers, keys and digests in hexadecimal, times in Unix milliseconds, states in lower
// case.
Json Describe(const recovery::RealmManifest& manifest);
Json Describe(const hsm::DeviceDescription& device);
Json Describe(const labyrinth::recovery::v1::GetStatusResponse& status);
Json Describe(const labyrinth::recovery::v1::ListDevicesResponse& devices);
Json Describe(const labyrinth::recovery::v1::AdminShowRecordResponse& record);
// Only what is said there of the chip that counts.
Json DescribeChip(const labyrinth::recovery::v1::GetRealmResponse& realm);
Json Describe(const recovery::StartUpReport& report, const std::string& anchor_kind);
Json Describe(const recovery::ContentReport& report);

// "fresh", "one_ahead", "stale", "forged", "unknown".
std::string FreshnessName(hsm::Freshness freshness);

// OK for an intact ledger; else DATA_LOSS with the first problem and how many there are.
absl::Status CheckIntact(const recovery::ContentReport& report);

// The same for people: "key: value" lines, nested ones indented.
std::string Text(const Json& json);

}  // namespace labrec::admin

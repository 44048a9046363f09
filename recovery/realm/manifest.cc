#include "recovery/realm/manifest.h"

#include <array>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "hsm/base/text/json.h"
#include "recovery/api/names.h"
#include "recovery/store/buckets.h"

namespace labrec::recovery {
namespace {

using Json = nlohmann::json;

constexpr int kFormat = 1;
constexpr std::array<std::string_view, 7> kMembers = {"format",          "realm_id", "name",  "created_at_ms",
                                                      "bucket_exponent", "device",   "anchor"};

absl::Status Wrong(std::string_view member, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("\"", AbslView(member), "\" ", AbslView(why)));
}

nlohmann::ordered_json DeviceJson(const RealmDevice& device) {
  // Whoever made the state reads it: here it is only kept, as JSON where it is JSON, so that people can read
  // it.
  return {{"uri", device.uri}, {"state", ParseOrderedJson(device.state.json)}};
}

absl::StatusOr<RealmDevice> ReadDevice(const Json& document, const char* member) {
  const Json& device = document[member];
  if (!device.is_object() || !device.contains("uri") || !device["uri"].is_string() ||
      !device.contains("state")) {
    return Wrong(member, "has to be an object with \"uri\" and \"state\"");
  }
  return RealmDevice{device["uri"].get<std::string>(), {JsonText(device["state"])}};
}

absl::Status CheckMembers(const Json& document) {
  for (const auto& [member, value] : document.items()) {
    if (std::find(kMembers.begin(), kMembers.end(), member) == kMembers.end())
      return Wrong(member, "is unknown");
  }
  for (const std::string_view member : kMembers) {
    if (member != "anchor" && !document.contains(member)) return Wrong(member, "is missing");
  }
  if (document["format"] != kFormat)
    return Wrong("format", "is not 1: another version of this software made it");
  if (!document["realm_id"].is_string()) return Wrong("realm_id", "is no text");
  if (!document["name"].is_string()) return Wrong("name", "is no text");
  if (!document["created_at_ms"].is_number_integer()) return Wrong("created_at_ms", "is no whole number");
  const Json& exponent = document["bucket_exponent"];
  if (!exponent.is_number_unsigned() || exponent > kMaxBucketExponent) {
    return Wrong("bucket_exponent", absl::StrCat("is no number from 0 to ", kMaxBucketExponent));
  }
  return absl::OkStatus();
}

}  // namespace

std::string ToJson(const RealmManifest& manifest) {
  nlohmann::ordered_json document = {{"format", kFormat},
                                     {"realm_id", Hex(manifest.realm_id)},
                                     {"name", manifest.name},
                                     {"created_at_ms", manifest.created_at_ms},
                                     {"bucket_exponent", manifest.bucket_exponent},
                                     {"device", DeviceJson(manifest.device)}};
  if (manifest.anchor) document["anchor"] = DeviceJson(*manifest.anchor);
  return JsonText(document, 2) + "\n";
}

absl::StatusOr<RealmManifest> RealmManifestFromJson(std::string_view json) {
  const Json document = ParseJson(json);
  if (!document.is_object()) return absl::InvalidArgumentError("not a JSON object");
  LABREC_RETURN_IF_ERROR(CheckMembers(document));
  RealmManifest manifest;
  absl::StatusOr<Bytes> id = FromHex(document["realm_id"].get<std::string>());
  if (!id.ok() || id->size() != 16) return Wrong("realm_id", "is not 16 bytes of hexadecimal");
  manifest.realm_id = *std::move(id);
  manifest.name = document["name"].get<std::string>();
  LABREC_RETURN_IF_ERROR(CheckShortName("name", manifest.name));
  manifest.created_at_ms = document["created_at_ms"].get<int64_t>();
  manifest.bucket_exponent = document["bucket_exponent"].get<uint32_t>();
  LABREC_ASSIGN_OR_RETURN(manifest.device, ReadDevice(document, "device"));
  if (document.contains("anchor")) {
    LABREC_ASSIGN_OR_RETURN(RealmDevice anchor, ReadDevice(document, "anchor"));
    manifest.anchor = std::move(anchor);
  }
  return manifest;
}

}  // namespace labrec::recovery

#include "tools/admin/describe.h"

#include <cmath>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/text/json.h"
#include "recovery/realm/audit_log.h"
#include "recovery/realm/capacity.h"
#include "tools/cli/terminal_text.h"

namespace labrec::admin {
namespace {

namespace v1 = ::labyrinth::recovery::v1;

std::string HexOf(const std::string& bytes) {
  return Hex(AsBytes(bytes));
}

const char* StateName(v1::RecordState state) {
  switch (state) {
    case v1::RECORD_STATE_USABLE:
      return "usable";
    case v1::RECORD_STATE_LOCKED:
      return "locked";
    case v1::RECORD_STATE_DESTROYED:
      return "destroyed";
    case v1::RECORD_STATE_NOT_REGISTERED:
      return "not registered";
    default:
      return "unknown";
  }
}

std::string Scalar(const Json& value) {
  return cli::OneLine(value.is_string() ? value.get<std::string>() : JsonText(value));
}

// A moment has a name that ends so; other numbers of milliseconds have not.
bool IsTime(const std::string& key, const Json& value) {
  if (!value.is_number_integer()) return false;
  return key.ends_with("_at_ms") || key.ends_with("_until_ms") || key.ends_with("_since_ms");
}

// "KEY: VALUE" on one line. A moment is a date, and its name says nothing of milliseconds.
std::string Pair(const std::string& key, const Json& value) {
  if (IsTime(key, value)) {
    const auto unix_ms = value.get<int64_t>();
    return absl::StrCat(key.substr(0, key.size() - 3), ": ",
                        unix_ms == 0 ? "-" : recovery::Timestamp(unix_ms));
  }
  return absl::StrCat(key, ": ", Scalar(value));
}

void Append(const Json& json, const std::string& indent, std::string& out) {
  for (const auto& [key, value] : json.items()) {
    if (value.is_structured()) {
      absl::StrAppend(&out, indent, json.is_array() ? "-" : absl::StrCat(key, ":"), "\n");
      Append(value, indent + "  ", out);
    } else if (json.is_array()) {
      absl::StrAppend(&out, indent, "- ", Scalar(value), "\n");
    } else {
      absl::StrAppend(&out, indent, Pair(key, value), "\n");
    }
  }
}

Json DescribeFloor(const v1::Floor& floor) {
  return {{"sequence", floor.sequence()},
          {"digest", HexOf(floor.digest())},
          {"device_id", HexOf(floor.device_id())}};
}

// JSON has no infinity: "years_left" is null where nothing wears out at this rate.
Json DescribeWear(const v1::AnchorWear& wear) {
  const Json years = std::isfinite(wear.years_left()) ? Json(wear.years_left()) : Json(nullptr);
  return {{"writes_since_start", wear.writes_since_start()}, {"lifetime_writes", wear.lifetime_writes()},
          {"counted_since_ms", wear.counted_since_ms()},     {"writes_per_day", wear.writes_per_day()},
          {"rated_endurance", wear.rated_endurance()},       {"years_left", years}};
}

void AddChip(const v1::ChipCount& chip, Json& version) {
  version["enforcement"] = "chip";
  version["chip_index"] = chip.index();
  version["chip_count"] = chip.count();
  version["chip_limit"] = chip.limit();
}

// Who signed a version's registration: a device id, or in words.
std::string RegistrarOf(const std::string& registered_by) {
  if (registered_by.empty()) return "unlock key";
  if (registered_by.find_first_not_of('\0') == std::string::npos) return "not known";
  return HexOf(registered_by);
}

}  // namespace

Json DescribeChip(const v1::GetRealmResponse& realm) {
  if (!realm.has_chip()) return {{"counts", false}, {"reason", realm.no_chip_reason()}};
  return {{"counts", true},
          {"used", realm.chip().used()},
          {"begun", realm.chip().begun()},
          {"free_handles", realm.chip().free_handles()},
          {"full", realm.chip().full()}};
}

Json Describe(const hsm::DeviceDescription& device) {
  return {{"kind", device.kind},
          {"manufacturer", device.manufacturer},
          {"model", device.model},
          {"firmware", device.firmware},
          {"warning", device.warning}};
}

Json Describe(const recovery::RealmManifest& manifest) {
  Json json = {{"realm_id", Hex(manifest.realm_id)},
               {"name", manifest.name},
               {"created_at_ms", manifest.created_at_ms},
               {"bucket_exponent", manifest.bucket_exponent},
               {"accounts_made_for", recovery::AccountsMadeFor(manifest.bucket_exponent)},
               {"device_uri", manifest.device.uri}};
  if (manifest.anchor) json["anchor_uri"] = manifest.anchor->uri;
  return json;
}

Json DescribeCertificates(const v1::GetStatusResponse& status) {
  Json list = Json::array();
  for (const v1::CertificateState& certificate : status.certificates()) {
    list.push_back({{"file", certificate.file()}, {"expires_at_ms", certificate.expires_at_ms()}});
  }
  return list;
}

Json DescribeSealing(const v1::GetStatusResponse& status) {
  const v1::SealingState& sealing = status.sealing();
  if (sealing.period() == 0) return "none: rows lie open on storage";
  Json json = {{"period", sealing.period()},
               {"since_ms", sealing.since_ms()},
               {"earlier_period", sealing.earlier_period()},
               {"device_writes", sealing.device_writes()}};
  if (sealing.buckets() > 0) {
    json["rotation"] = absl::StrCat(sealing.buckets_done(), " of ", sealing.buckets(), " buckets");
  }
  if (!sealing.failure().empty()) json["failure"] = sealing.failure();
  return json;
}

Json Describe(const v1::GetStatusResponse& status) {
  const v1::GetRealmResponse& realm = status.realm();
  return {{"realm_id", HexOf(realm.realm_id())},
          {"name", realm.name()},
          {"serving", status.serving()},
          {"not_serving_reason", status.not_serving_reason()},
          {"epoch", status.epoch()},
          {"rows", status.records()},
          {"discontinuities", realm.discontinuities()},
          {"started_at_ms", status.started_at_ms()},
          {"queue_depth", status.queue_depth()},
          {"guesses_counted", status.guesses_counted()},
          {"anchor_commits", status.anchor_commits()},
          {"anchor_wear", DescribeWear(status.anchor_wear())},
          {"oldest_device_call_ms", status.oldest_device_call_ms()},
          {"sealing", DescribeSealing(status)},
          {"certificates", DescribeCertificates(status)},
          {"device_kind", realm.device_kind()},
          {"device_manufacturer", realm.device_manufacturer()},
          {"device_warning", realm.device_warning()},
          {"anchor_kind", realm.anchor_kind()},
          {"evaluation_public_key", HexOf(realm.evaluation_public_key())},
          {"first_device_policy", realm.first_device_policy()},
          {"chip", DescribeChip(realm)},
          {"protocol_version", realm.protocol_version()},
          {"software_version", realm.software_version()}};
}

Json Describe(const v1::ListDevicesResponse& devices) {
  Json list = Json::array();
  for (const v1::DeviceInfo& device : devices.devices()) {
    list.push_back({{"device_id", HexOf(device.device_id())},
                    {"name", device.name()},
                    {"enrolled_at_ms", device.enrolled_at_ms()},
                    {"enrolled_by", device.enrolled_by()},
                    {"public_key", HexOf(device.public_key())}});
  }
  return {{"devices", std::move(list)},
          {"discarded", devices.discarded()},
          {"records", std::vector<std::string>(devices.records().begin(), devices.records().end())}};
}

Json Describe(const v1::AdminShowRecordResponse& answer) {
  const v1::GetRecordResponse& record = answer.record();
  Json json = {{"state", StateName(record.state())},
               {"discarded", record.discarded()},
               {"remaining", record.remaining()},
               {"guess_limit", record.guess_limit()},
               {"highest_version", record.highest_version()},
               {"locked_until_ms", record.locked_until_ms()},
               {"last_counted_at_ms", answer.last_counted_at_ms()},
               {"discontinuities", record.discontinuities()},
               {"config_sha256", HexOf(answer.config_sha256())},
               {"versions", Json::array()}};
  for (const v1::RecordVersion& version : record.versions()) {
    Json entry = {{"version", version.version()},
                  {"stage", version.stage() == v1::VERSION_STAGE_ACTIVE ? "active" : "pending"},
                  {"commitment", HexOf(version.commitment())},
                  {"remaining", version.remaining()},
                  {"locked_until_ms", version.locked_until_ms()},
                  {"registered_by", RegistrarOf(version.registered_by())},
                  {"enforcement", "ledger"}};
    for (const v1::ChipCount& chip : answer.chips()) {
      if (chip.version() == version.version()) AddChip(chip, entry);
    }
    json["versions"].push_back(std::move(entry));
  }
  if (answer.has_floor()) json["floor"] = DescribeFloor(answer.floor());
  return json;
}

std::string FreshnessName(hsm::Freshness freshness) {
  switch (freshness) {
    case hsm::Freshness::kFresh:
      return "fresh";
    case hsm::Freshness::kOneAhead:
      return "one_ahead";
    case hsm::Freshness::kStale:
      return "stale";
    case hsm::Freshness::kForged:
      return "forged";
    case hsm::Freshness::kUnknown:
      return "unknown";
  }
  return "unknown";
}

Json Describe(const recovery::StartUpReport& report, const std::string& anchor_kind) {
  const uint64_t storage = report.head.epoch;
  const uint64_t device = report.freshness.device_epoch;
  return {{"starts", report.verdict.ok()},
          {"freshness", FreshnessName(report.freshness.freshness)},
          {"epochs_behind", storage < device ? device - storage : 0},
          {"storage_epoch", storage},
          {"device_epoch", device},
          {"rows", report.head.records},
          {"discontinuities", report.head.discontinuities},
          {"anchor_kind", anchor_kind}};
}

Json Describe(const recovery::ContentReport& report) {
  const double seconds = report.walked.seconds;
  return {{"intact", report.intact()},
          {"storage_epoch", report.head.epoch},
          {"rows", report.walked.rows},
          {"bytes", report.walked.bytes},
          {"seconds", seconds},
          {"rows_per_second", seconds > 0 ? static_cast<double>(report.walked.rows) / seconds : 0},
          {"problem_count", report.problem_count},
          {"problems", report.problems}};
}

absl::Status CheckIntact(const recovery::ContentReport& report) {
  if (report.intact()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(report.problem_count, " problem",
                                          report.problem_count == 1 ? "" : "s",
                                          "; the first: ", report.problems.front()));
}

std::string Text(const Json& json) {
  std::string out;
  Append(json, "", out);
  return out;
}

}  // namespace labrec::admin

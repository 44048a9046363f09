#include <algorithm>

#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/encoding.h"
#include "recovery/api/names.h"
#include "recovery/client/status.h"
#include "tools/cli/advice.h"
#include "tools/cli/connect.h"
#include "tools/cli/terminal_text.h"
#include "tools/recover/commands.h"
#include "tools/recover/exit_code.h"
#include "tools/recover/guess_words.h"
#include "tools/recover/record_heading.h"

namespace labrec::recover {
namespace {

using nlohmann::json;
using recovery::client::OfferStage;
using recovery::client::RealmCondition;
using recovery::client::RealmStatus;
using recovery::client::RecordStatus;

const char* StageName(OfferStage stage) {
  return stage == OfferStage::kActive ? "active" : "pending";
}

// The id of the device that registered it; empty: an unlock key did, or nobody knows.
std::string RegistrarOf(const recovery::client::VersionStatus& version) {
  const bool known = std::ranges::any_of(version.registered_by, [](uint8_t byte) { return byte != 0; });
  return known ? Hex(version.registered_by) : "";
}

const char* OutcomeName(int code) {
  switch (code) {
    case kExitDone:
      return "usable";
    case kExitLockedOrDestroyed:
      return "locked-or-destroyed";
    case kExitNotRegistered:
      return "not-registered";
    case kExitTooFewRealms:
      return "too-few-realms";
    default:
      return "unusable";
  }
}

std::string RealmLine(const RealmStatus& realm) {
  std::string line =
      absl::StrCat("  ", realm.report.realm, ": ", AbslView(ConditionName(realm.report.condition)));
  if (realm.report.remaining) {
    absl::StrAppend(&line, ", ", *realm.report.remaining, " of ", realm.guess_limit, " tries left");
  }
  for (const auto& version : realm.versions) {
    absl::StrAppend(&line, ", version ", version.version, " ", StageName(version.stage));
    if (const std::string device = RegistrarOf(version); !device.empty()) {
      absl::StrAppend(&line, " (registered by device ", device, ")");
    }
  }
  if (realm.counted_by) {
    absl::StrAppend(&line, ", counted by its ", AbslView(EnforcementName(*realm.counted_by)));
  }
  if (realm.report.condition == RealmCondition::kLocked) {
    absl::StrAppend(&line, ", locked until ", cli::UtcTime(realm.report.locked_until_ms));
  }
  if (realm.guess_delays) absl::StrAppend(&line, ", ", DelayWords(*realm.guess_delays));
  if (!realm.device_kind.empty()) absl::StrAppend(&line, ", device ", cli::OneLine(realm.device_kind));
  if (!realm.device_warning.empty()) absl::StrAppend(&line, " (", cli::OneLine(realm.device_warning), ")");
  if (realm.discontinuities > 0) {
    absl::StrAppend(&line, ", its operator accepted restored storage ", realm.discontinuities, " times");
  }
  if (!realm.report.error.ok())
    absl::StrAppend(&line, ": ", cli::OneLine(std::string(realm.report.error.message())));
  return line + "\n";
}

pin::Quorum QuorumOf(const RecordStatus& status) {
  return {status.holders, status.threshold};
}

std::string Text(const RecordStatus& status, uint32_t least_realms, const std::string& record) {
  std::string text = RecordHeading(status, least_realms, record);
  if (!status.refused.ok())
    absl::StrAppend(&text, "  ", cli::OneLine(std::string(status.refused.message())), "\n");
  for (const RealmStatus& realm : status.realms) text += RealmLine(realm);
  return text;
}

json RealmJson(const RealmStatus& realm) {
  json object = RealmsJson({realm.report}).at(0);
  object["guess_limit"] = realm.guess_limit;
  object["device_kind"] = realm.device_kind;
  object["device_warning"] = realm.device_warning;
  object["software_version"] = realm.software_version;
  object["discontinuities"] = realm.discontinuities;
  if (realm.counted_by) object["enforcement"] = std::string(EnforcementName(*realm.counted_by));
  object["no_chip_reason"] = realm.no_chip_reason;
  if (realm.guess_delays) object["guess_delays_s"] = SecondsOf(*realm.guess_delays);
  object["versions"] = json::array();
  for (const auto& version : realm.versions) {
    object["versions"].push_back({{"version", version.version},
                                  {"stage", StageName(version.stage)},
                                  {"registered_by", RegistrarOf(version)}});
    if (version.remaining) object["versions"].back()["remaining"] = *version.remaining;
  }
  return object;
}

}  // namespace

int RunStatus(const Arguments& arguments, const Reporter& reporter) {
  const auto connection = cli::Connect(arguments);
  if (!connection.ok()) return reporter.UsageError(connection.status());
  const absl::Status name = recovery::CheckShortName("record", arguments.record);
  if (!name.ok()) return reporter.UsageError(name);
  const RecordStatus status =
      GetStatus(*connection->realms, arguments.record, connection->threshold, connection->threshold_from);
  const int code = ExitCode(status, connection->threshold);
  json fields = {{"record", arguments.record}, {"realms", json::array()}};
  for (const RealmStatus& realm : status.realms) fields["realms"].push_back(RealmJson(realm));
  if (status.version) {
    fields["version"] = *status.version;
    fields["threshold"] = status.threshold;
    fields["holders"] = status.holders;
    fields["tries_left"] = status.tries_left;
    fields["guess_limit"] = status.guess_limit;
    fields["testable_pins"] = TestablePinsJson(QuorumOf(status), status.guess_limit);
  }
  reporter.Result(OutcomeName(code), std::move(fields),
                  Text(status, connection->threshold, arguments.record));
  return code;
}

}  // namespace labrec::recover

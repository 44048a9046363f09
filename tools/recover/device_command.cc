#include <algorithm>

#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/encoding.h"
#include "recovery/client/base/device_key.h"
#include "recovery/client/list_devices.h"
#include "recovery/client/recover.h"
#include "recovery/client/revoke_device.h"
#include "recovery/client/status.h"
#include "tools/cli/advice.h"
#include "tools/cli/attest_demand.h"
#include "tools/cli/connect.h"
#include "tools/cli/pin_reader.h"
#include "tools/cli/terminal_text.h"
#include "tools/recover/commands.h"
#include "tools/recover/exit_code.h"

namespace labrec::recover {
namespace {

using nlohmann::json;
using recovery::client::DeviceList;
using recovery::client::EnrolledDevice;
using recovery::client::RealmReport;
using DeviceId = std::array<uint8_t, 16>;

std::string DeviceLine(const EnrolledDevice& device) {
  return absl::StrCat("    ", Hex(device.id), " ", cli::OneLine(device.name), ", enrolled ",
                      cli::UtcTime(device.enrolled_at_ms), " by ", cli::OneLine(device.enrolled_by), "\n");
}

std::string ListText(const DeviceList& list) {
  std::string text =
      absl::StrCat("  ", list.report.realm, ": ", AbslView(ConditionName(list.report.condition)));
  if (!list.report.error.ok()) {
    absl::StrAppend(&text, ": ", cli::OneLine(std::string(list.report.error.message())));
  }
  if (list.discarded) {
    absl::StrAppend(&text, ", its operator accepted restored storage and dropped the devices of before");
  }
  text += "\n";
  for (const EnrolledDevice& device : list.devices) text += DeviceLine(device);
  return text;
}

json ListJson(const DeviceList& list) {
  json object = RealmsJson({list.report}).at(0);
  object["discarded"] = list.discarded;
  object["records"] = list.records;
  object["devices"] = json::array();
  for (const EnrolledDevice& device : list.devices) {
    object["devices"].push_back({{"device_id", Hex(device.id)},
                                 {"name", device.name},
                                 {"enrolled_at_ms", device.enrolled_at_ms},
                                 {"enrolled_by", device.enrolled_by}});
  }
  return object;
}

int List(const cli::Connection& connection, const Reporter& reporter) {
  const std::vector<DeviceList> lists = ListDevices(*connection.realms);
  json realms = json::array();
  std::string text = "devices of the account, as each realm says:\n";
  std::vector<RealmReport> reports;
  for (const DeviceList& list : lists) {
    realms.push_back(ListJson(list));
    text += ListText(list);
    reports.push_back(list.report);
  }
  const int code = ExitCodeOfAll(reports);
  reporter.Result(code == kExitDone ? "listed" : "incomplete", {{"realms", std::move(realms)}}, text);
  return code;
}

// What goes with the device, before it goes.
void SayUnactivated(const Arguments& arguments, const Reporter& reporter, const cli::Connection& connection,
                    const DeviceId& id) {
  const auto status =
      GetStatus(*connection.realms, arguments.record, connection.threshold, connection.threshold_from);
  for (const uint32_t version : UnactivatedOf(status, id)) {
    reporter.Say(absl::StrCat("version ", version, " of record ", arguments.record,
                              ", which that device registered and nobody activated, goes with it"));
  }
}

int Revoked(const Reporter& reporter, const DeviceId& id, const std::vector<RealmReport>& reports) {
  reporter.SayRealms(reports);
  const int code = ExitCodeOfAll(reports);
  const size_t gone = RealmsThatAre(reports, recovery::client::RealmCondition::kGood).size();
  reporter.Result(code == kExitDone ? "revoked" : "incomplete",
                  {{"device_id", Hex(id)}, {"realms", RealmsJson(reports)}},
                  absl::StrCat("device ", Hex(id), " is enrolled no more at ", gone, " of ", reports.size(),
                               " realms\n"));
  return code;
}

int Revoke(const Arguments& arguments, const Reporter& reporter, const cli::Connection& connection,
           const DeviceId& id) {
  if (!arguments.device_key.empty()) {
    const auto device = recovery::client::DeviceKey::Load(arguments.device_key);
    if (!device.ok()) return reporter.UsageError(device.status());
    SayUnactivated(arguments, reporter, connection, id);
    return Revoked(reporter, id, RevokeDevice(*connection.realms, id, *device));
  }
  SayUnactivated(arguments, reporter, connection, id);
  const auto pin =
      cli::ReadPin(arguments.pin_stdin ? cli::PinSource::kStandardInput : cli::PinSource::kTerminal, "PIN");
  if (!pin.ok()) return reporter.UsageError(pin.status());
  const auto outcome =
      Recover(*connection.realms, {arguments.record, connection.threshold, connection.threshold_from}, *pin);
  if (!outcome.ok()) return reporter.Fail(outcome.status());
  const auto* recovered = std::get_if<recovery::client::Recovered>(&*outcome);
  if (recovered == nullptr) return reporter.NotRecovered(*outcome, arguments.record);
  return Revoked(reporter, id, RevokeDevice(*connection.realms, id, recovered->authority));
}

}  // namespace

int RunDevice(const Arguments& arguments, const Reporter& reporter) {
  DeviceId id{};
  if (!arguments.device_id.empty()) {
    const auto bytes = FromHex(arguments.device_id);
    if (!bytes.ok() || bytes->size() != id.size()) {
      return reporter.UsageError(absl::InvalidArgumentError(
          "a device's id has 32 hex digits, as labyrinth-recover device list shows it"));
    }
    std::ranges::copy(*bytes, id.begin());
  }
  const auto connection = cli::Connect(arguments);
  if (!connection.ok()) return reporter.UsageError(connection.status());
  if (arguments.device_id.empty()) return List(*connection, reporter);
  const absl::Status proven = cli::CheckRealms(*connection->realms, arguments.attest_policy);
  if (!proven.ok()) return reporter.Fail(proven);
  return Revoke(arguments, reporter, *connection, id);
}

}  // namespace labrec::recover

#include <optional>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "recovery/client/enroll.h"
#include "recovery/client/recover.h"
#include "tools/cli/attest_demand.h"
#include "tools/cli/connect.h"
#include "tools/cli/pin_reader.h"
#include "tools/cli/secret_output.h"
#include "tools/recover/commands.h"
#include "tools/recover/exit_code.h"

namespace labrec::recover {
namespace {

using nlohmann::json;
using recovery::client::ChipRefill;
using recovery::client::DeviceKey;
using recovery::client::Recovered;

json FloorsJson(const std::vector<recovery::client::RealmFloor>& floors) {
  json array = json::array();
  for (const auto& floor : floors) {
    array.push_back({{"realm", floor.realm},
                     {"sequence", floor.sequence},
                     {"digest", Hex(floor.digest)},
                     {"device_id", Hex(floor.device.DeviceId())}});
  }
  return array;
}

// Enrols the new device; its realms go into `fields`.
int Enroll(const Arguments& arguments, const Reporter& reporter, const cli::Connection& connection,
           const Recovered& recovered, const DeviceKey& device, json& fields) {
  const auto reports = EnrollDevice(*connection.realms, device, arguments.device_name, &recovered.authority);
  const std::string id = Hex(device.public_key().DeviceId());
  const size_t enrolled = RealmsThatAre(reports, recovery::client::RealmCondition::kGood).size();
  reporter.Say(absl::StrCat("device ", id, " is enrolled at ", enrolled, " of ", reports.size(), " realms"));
  reporter.SayRealms(reports);
  fields["enrolled_device_id"] = id;
  fields["enrolled"] = RealmsJson(reports);
  return enrolled >= recovered.group.threshold() ? kExitDone : kExitFailure;
}

int Finish(const Arguments& arguments, const Reporter& reporter, const cli::Connection& connection,
           Recovered& recovered, const std::optional<DeviceKey>& device) {
  if (const absl::Status written = cli::WriteSecret(arguments.output, recovered.secret); !written.ok()) {
    return reporter.Fail(written);
  }
  reporter.Say(absl::StrCat("recovered record ", arguments.record, " version ", recovered.group.version(),
                            arguments.output.empty() ? "" : " into ", arguments.output));
  RefillChipGuesses(*connection.realms, recovered);
  if (cli::OthersMayRead(arguments.output)) {
    reporter.Say(
        absl::StrCat("others may read ", arguments.output, ", as its file system keeps no modes: move it"));
  }
  reporter.SayRealms(recovered.reports);
  reporter.SayChips(recovered.reports);
  json fields = {{"record", arguments.record},
                 {"version", recovered.group.version()},
                 {"threshold", recovered.group.threshold()},
                 {"output", arguments.output},
                 {"floors", FloorsJson(recovered.floors)},
                 {"realms", RealmsJson(recovered.reports)}};
  int code = device ? Enroll(arguments, reporter, connection, recovered, *device, fields) : kExitDone;
  if (code == kExitDone) code = ExitCodeOfChips(recovered.reports);
  reporter.Result("recovered", std::move(fields), "");
  return code;
}

}  // namespace

int RunRecover(const Arguments& arguments, const Reporter& reporter) {
  const auto connection = cli::Connect(arguments);
  if (!connection.ok()) return reporter.UsageError(connection.status());
  const absl::Status output = cli::CheckSecretOutput(arguments.output, arguments.json);
  if (!output.ok()) return reporter.UsageError(output);
  const absl::Status proven = cli::CheckRealms(*connection->realms, arguments.attest_policy);
  if (!proven.ok()) return reporter.Fail(proven);
  std::optional<DeviceKey> device;
  if (!arguments.enroll_device.empty()) {
    auto loaded = DeviceKey::Load(arguments.enroll_device);
    if (!loaded.ok()) return reporter.UsageError(loaded.status());
    device = *std::move(loaded);
  }
  const auto pin =
      cli::ReadPin(arguments.pin_stdin ? cli::PinSource::kStandardInput : cli::PinSource::kTerminal, "PIN");
  if (!pin.ok()) return reporter.UsageError(pin.status());

  auto outcome = Recover(*connection->realms,
                         {arguments.record, connection->threshold, connection->threshold_from,
                          Which(arguments), ChipRefill::kLater, arguments.own_tries},
                         *pin);
  if (!outcome.ok()) return reporter.Fail(outcome.status());
  auto* recovered = std::get_if<Recovered>(&*outcome);
  if (recovered == nullptr) return reporter.NotRecovered(*outcome, arguments.record);
  return Finish(arguments, reporter, *connection, *recovered, device);
}

}  // namespace labrec::recover

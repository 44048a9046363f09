#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"

#include "recovery/client/base/device_key.h"
#include "recovery/client/delete_record.h"
#include "recovery/client/recover.h"
#include "recovery/client/status.h"
#include "tools/cli/attest_demand.h"
#include "tools/cli/connect.h"
#include "tools/cli/pin_reader.h"
#include "tools/recover/commands.h"
#include "tools/recover/exit_code.h"

namespace labrec::recover {
namespace {

using recovery::client::ChipRefill;
using recovery::client::WhichVersion;

bool CountedByChips(const recovery::client::RecordStatus& status) {
  return std::ranges::any_of(status.realms, [](const recovery::client::RealmStatus& realm) {
    return realm.counted_by == recovery::client::Enforcement::kChip;
  });
}

int Deleted(const Arguments& arguments, const Reporter& reporter,
            const std::vector<recovery::client::RealmReport>& reports) {
  reporter.SayRealms(reports);
  const int code = ExitCodeOfAll(reports);
  const size_t gone = RealmsThatAre(reports, recovery::client::RealmCondition::kGood).size();
  reporter.Result(
      code == kExitDone ? "deleted" : "incomplete",
      {{"record", arguments.record}, {"realms", RealmsJson(reports)}},
      absl::StrCat("deleted record ", arguments.record, " at ", gone, " of ", reports.size(), " realms\n"));
  return code == kExitDone ? ExitCodeOfChips(reports) : code;
}

}  // namespace

int RunDelete(const Arguments& arguments, const Reporter& reporter) {
  const auto connection = cli::Connect(arguments);
  if (!connection.ok()) return reporter.UsageError(connection.status());
  const absl::Status proven = cli::CheckRealms(*connection->realms, arguments.attest_policy);
  if (!proven.ok()) return reporter.Fail(proven);
  if (!arguments.device_key.empty()) {
    const auto device = recovery::client::DeviceKey::Load(arguments.device_key);
    if (!device.ok()) return reporter.UsageError(device.status());
    const auto status = recovery::client::GetStatus(*connection->realms, arguments.record,
                                                    connection->threshold, connection->threshold_from);
    const auto reports = DeleteRecord(*connection->realms, arguments.record, *device);
    if (CountedByChips(status)) {
      reporter.Say(
          "that no guess is left in the realms' chips is their word: only who gives the PIN can have it "
          "proven");
    }
    return Deleted(arguments, reporter, reports);
  }
  const auto pin =
      cli::ReadPin(arguments.pin_stdin ? cli::PinSource::kStandardInput : cli::PinSource::kTerminal, "PIN");
  if (!pin.ok()) return reporter.UsageError(pin.status());
  const auto outcome = Recover(*connection->realms,
                               {arguments.record, connection->threshold, connection->threshold_from,
                                WhichVersion::kNewest, ChipRefill::kLater},
                               *pin);
  if (!outcome.ok()) return reporter.Fail(outcome.status());
  const auto* recovered = std::get_if<recovery::client::Recovered>(&*outcome);
  if (recovered == nullptr) return reporter.NotRecovered(*outcome, arguments.record);
  return Deleted(arguments, reporter, DeleteRecovered(*connection->realms, *recovered));
}

}  // namespace labrec::recover

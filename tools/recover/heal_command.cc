#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"

#include "recovery/client/base/device_key.h"
#include "recovery/client/change_pin.h"
#include "recovery/client/status.h"
#include "tools/cli/advice.h"
#include "tools/cli/attest_demand.h"
#include "tools/cli/connect.h"
#include "tools/cli/pin_reader.h"
#include "tools/recover/commands.h"
#include "tools/recover/exit_code.h"

namespace labrec::recover {
namespace {

using recovery::client::OfferStage;
using recovery::client::RealmStatus;
using recovery::client::RecordStatus;
using recovery::client::VersionStatus;

// Whether every realm of the list holds the version that a recovery would use, active.
bool IsWhole(const RecordStatus& status) {
  if (!status.version || status.holders != status.realms.size()) return false;
  return std::ranges::all_of(status.realms, [&](const RealmStatus& realm) {
    return std::ranges::any_of(realm.versions, [&](const VersionStatus& version) {
      return version.version == *status.version && version.stage == OfferStage::kActive;
    });
  });
}

int Whole(const Arguments& arguments, const Reporter& reporter, const RecordStatus& status) {
  reporter.Result("whole",
                  {{"record", arguments.record}, {"version", *status.version}, {"holders", status.holders}},
                  absl::StrCat("record ", arguments.record, " version ", *status.version, " is at all ",
                               status.holders, " realms of the list: nothing to heal\n"));
  return kExitDone;
}

}  // namespace

int RunHeal(const Arguments& arguments, const Reporter& reporter) {
  const auto connection = cli::Connect(arguments);
  if (!connection.ok()) return reporter.UsageError(connection.status());
  const absl::Status proven = cli::CheckRealms(*connection->realms, arguments.attest_policy);
  if (!proven.ok()) return reporter.Fail(proven);
  std::optional<recovery::client::DeviceKey> device;
  if (!arguments.device_key.empty()) {
    auto loaded = recovery::client::DeviceKey::Load(arguments.device_key);
    if (!loaded.ok()) return reporter.UsageError(loaded.status());
    device = *std::move(loaded);
  }
  const RecordStatus status =
      GetStatus(*connection->realms, arguments.record, connection->threshold, connection->threshold_from);
  if (IsWhole(status)) return Whole(arguments, reporter, status);
  const auto pin =
      cli::ReadPin(arguments.pin_stdin ? cli::PinSource::kStandardInput : cli::PinSource::kTerminal, "PIN");
  if (!pin.ok()) return reporter.UsageError(pin.status());

  // A new version under the same PIN: shares are given out to all realms at once, so none is added to the
  // old.
  const auto outcome = ChangePin(
      *connection->realms,
      {arguments.record, connection->threshold, connection->threshold_from,
       recovery::client::WhichVersion::kNewest, recovery::client::ChipRefill::kLater, arguments.own_tries},
      recovery::client::Holders::kEveryRealm, *pin, *pin, device ? &*device : nullptr);
  if (!outcome.ok()) return reporter.Fail(outcome.status());
  const auto* sealed = std::get_if<recovery::client::Sealed>(&*outcome);
  if (sealed == nullptr) return reporter.NotChanged(*outcome, arguments.record);
  reporter.SayRealms(sealed->reports);
  for (const std::string& line : cli::LeftToDo(*sealed)) reporter.Say(line);
  reporter.Result("healed",
                  {{"record", arguments.record},
                   {"version", sealed->version},
                   {"threshold", sealed->threshold},
                   {"holders", sealed->holders},
                   {"complete", sealed->complete},
                   {"realms", RealmsJson(sealed->reports)}},
                  absl::StrCat("record ", arguments.record, " is at ", sealed->holders,
                               " realms again, as version ", sealed->version, ", under the same PIN\n"));
  return ExitCodeOfChips(sealed->reports);
}

}  // namespace labrec::recover

#include <optional>

#include "absl/strings/str_cat.h"

#include "recovery/client/base/device_key.h"
#include "recovery/client/change_pin.h"
#include "tools/cli/advice.h"
#include "tools/cli/attest_demand.h"
#include "tools/cli/connect.h"
#include "tools/cli/pin_reader.h"
#include "tools/recover/commands.h"
#include "tools/recover/exit_code.h"

namespace labrec::recover {

int RunChangePin(const Arguments& arguments, const Reporter& reporter) {
  using recovery::client::Holders;
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
  const cli::PinSource source =
      arguments.pin_stdin ? cli::PinSource::kStandardInput : cli::PinSource::kTerminal;
  const auto old_pin = cli::ReadPin(source, "Old PIN");
  if (!old_pin.ok()) return reporter.UsageError(old_pin.status());
  const auto new_pin = cli::ReadNewPin(source, "New PIN");
  if (!new_pin.ok()) return reporter.UsageError(new_pin.status());

  const auto outcome =
      ChangePin(*connection->realms,
                {arguments.record, connection->threshold, connection->threshold_from, Which(arguments),
                 recovery::client::ChipRefill::kLater, arguments.own_tries},
                arguments.allow_missing ? Holders::kThreshold : Holders::kEveryRealm, *old_pin, *new_pin,
                device ? &*device : nullptr);
  if (!outcome.ok()) return reporter.Fail(outcome.status());
  const auto* sealed = std::get_if<recovery::client::Sealed>(&*outcome);
  if (sealed == nullptr) return reporter.NotChanged(*outcome, arguments.record);
  reporter.SayRealms(sealed->reports);
  for (const std::string& line : cli::LeftToDo(*sealed)) reporter.Say(line);
  reporter.Result("changed",
                  {{"record", arguments.record},
                   {"version", sealed->version},
                   {"threshold", sealed->threshold},
                   {"complete", sealed->complete},
                   {"realms", RealmsJson(sealed->reports)}},
                  absl::StrCat("changed the PIN of record ", arguments.record, ", now version ",
                               sealed->version, sealed->complete ? "; the old PIN is void\n" : "\n"));
  return ExitCodeOfChips(sealed->reports);
}

}  // namespace labrec::recover

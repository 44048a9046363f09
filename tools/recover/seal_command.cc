#include "absl/strings/str_cat.h"

#include "hsm/base/file.h"
#include "recovery/client/device_key.h"
#include "recovery/client/seal.h"
#include "tools/recover/attest_demand.h"
#include "tools/recover/commands.h"
#include "tools/recover/connect.h"
#include "tools/recover/exit_code.h"
#include "tools/recover/pin_reader.h"

namespace labrec::recover {

int RunSeal(const Arguments& arguments, const Reporter& reporter) {
  const auto connection = Connect(arguments);
  if (!connection.ok()) return reporter.UsageError(connection.status());
  const absl::Status proven = CheckRealms(*connection->realms, arguments.attest_policy);
  if (!proven.ok()) return reporter.Fail(proven);
  const auto device = recovery::client::DeviceKey::Load(arguments.device_key);
  if (!device.ok()) return reporter.UsageError(device.status());
  const auto secret = ReadSecretFile(arguments.secret_file, 1U << 16);
  if (!secret.ok()) return reporter.UsageError(secret.status());
  const auto pin =
      ReadNewPin(arguments.pin_stdin ? PinSource::kStandardInput : PinSource::kTerminal, "New PIN");
  if (!pin.ok()) return reporter.UsageError(pin.status());

  recovery::client::SealRequest request;
  request.record = arguments.record;
  request.threshold = connection->threshold;
  request.guess_limit = arguments.guess_limit;
  if (arguments.allow_missing) request.holders = recovery::client::Holders::kThreshold;
  const auto sealed = Seal(*connection->realms, request, *secret, *pin, *device);
  if (!sealed.ok()) return reporter.Fail(sealed.status());
  reporter.SayRealms(sealed->reports);
  reporter.Result(
      "sealed",
      {{"record", arguments.record},
       {"version", sealed->version},
       {"threshold", sealed->threshold},
       {"guess_limit", arguments.guess_limit},
       {"realms", RealmsJson(sealed->reports)}},
      absl::StrCat("sealed record ", arguments.record, " version ", sealed->version, ": any ",
                   sealed->threshold, " of ", sealed->reports.size(), " realms and the PIN bring it back; ",
                   arguments.guess_limit, " wrong PINs destroy it\n"));
  return kExitDone;
}

}  // namespace labrec::recover

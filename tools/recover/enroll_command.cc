#include <optional>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "recovery/client/enroll.h"
#include "tools/cli/attest_demand.h"
#include "tools/cli/connect.h"
#include "tools/recover/commands.h"
#include "tools/recover/exit_code.h"

namespace labrec::recover {

int RunEnroll(const Arguments& arguments, const Reporter& reporter) {
  const auto device = recovery::client::DeviceKey::Load(arguments.device_key);
  if (!device.ok()) return reporter.UsageError(device.status());
  std::optional<recovery::client::DeviceKey> authority;
  if (!arguments.authorized_by.empty()) {
    auto loaded = recovery::client::DeviceKey::Load(arguments.authorized_by);
    if (!loaded.ok()) return reporter.UsageError(loaded.status());
    authority = *std::move(loaded);
  }
  const auto connection = cli::Connect(arguments);
  if (!connection.ok()) return reporter.UsageError(connection.status());
  const absl::Status proven = cli::CheckRealms(*connection->realms, arguments.attest_policy);
  if (!proven.ok()) return reporter.Fail(proven);
  const auto reports =
      EnrollDevice(*connection->realms, *device, arguments.device_name, authority ? &*authority : nullptr);
  reporter.SayRealms(reports);
  const int code = ExitCodeOfAll(reports);
  const std::string id = Hex(device->public_key().DeviceId());
  const size_t enrolled = RealmsThatAre(reports, recovery::client::RealmCondition::kGood).size();
  reporter.Result(
      code == kExitDone ? "enrolled" : "incomplete", {{"device_id", id}, {"realms", RealmsJson(reports)}},
      absl::StrCat("device ", id, " is enrolled at ", enrolled, " of ", reports.size(), " realms\n"));
  return code;
}

}  // namespace labrec::recover

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"

#include "hsm/base/file.h"
#include "recovery/client/base/device_key.h"
#include "recovery/client/seal.h"
#include "recovery/client/status.h"
#include "tools/cli/advice.h"
#include "tools/cli/attest_demand.h"
#include "tools/cli/chip_options.h"
#include "tools/cli/connect.h"
#include "tools/cli/pin_reader.h"
#include "tools/recover/commands.h"
#include "tools/recover/exit_code.h"
#include "tools/recover/guess_words.h"

namespace labrec::recover {
namespace {

using nlohmann::json;
using recovery::client::Enforcement;
using recovery::client::RealmCounting;

// What was proven of each chip, and who counts where.
void SayCounting(const std::vector<RealmCounting>& counting, const Reporter& reporter) {
  for (const RealmCounting& realm : counting) {
    const std::string why = realm.no_chip_reason.empty() ? "" : absl::StrCat(": ", realm.no_chip_reason);
    reporter.Say(absl::StrCat("realm ", realm.realm, ": wrong PINs are counted by its ",
                              realm.by_chip ? "chip, as proven:" : absl::StrCat("ledger", why)));
    for (const attestation::Proof& proof : realm.proven) {
      reporter.Say(absl::StrCat("  ", proof.statement, " (by ", proof.proven_by, ")"));
    }
  }
}

json CountingJson(const std::vector<RealmCounting>& counting) {
  json array = json::array();
  for (const RealmCounting& realm : counting) {
    json proven = json::array();
    for (const attestation::Proof& proof : realm.proven) {
      proven.push_back({{"statement", proof.statement}, {"proven_by", proof.proven_by}});
    }
    array.push_back({{"realm", realm.realm},
                     {"enforcement", realm.by_chip ? "chip" : "ledger"},
                     {"proven", std::move(proven)}});
    if (!realm.no_chip_reason.empty()) array.back()["no_chip_reason"] = realm.no_chip_reason;
  }
  return array;
}

// Before it happens: the new PIN is tried at every version that is there, as it may be one of theirs.
void SayTriesOf(const cli::Connection& connection, const std::string& record, const Reporter& reporter) {
  const auto status = recovery::client::GetStatus(*connection.realms, record, connection.threshold,
                                                  connection.threshold_from);
  std::set<uint32_t> versions;
  for (const auto& realm : status.realms) {
    for (const auto& version : realm.versions) {
      if (version.remaining.value_or(0) > 0) versions.insert(version.version);
    }
  }
  if (versions.size() < 2) return;
  reporter.Say(absl::StrCat("record ", record, " has ", versions.size(),
                            " usable versions: the new PIN is tried at each, which costs up to ",
                            versions.size(), " tries at every one of them unless it fits"));
}

}  // namespace

int RunSeal(const Arguments& arguments, const Reporter& reporter) {
  const auto connection = cli::Connect(arguments);
  if (!connection.ok()) return reporter.UsageError(connection.status());
  const absl::Status proven = cli::CheckRealms(*connection->realms, arguments.attest_policy);
  if (!proven.ok()) return reporter.Fail(proven);
  const auto device = recovery::client::DeviceKey::Load(arguments.device_key);
  if (!device.ok()) return reporter.UsageError(device.status());
  recovery::client::SealRequest request;
  if (const absl::Status trust = cli::LoadChipOptions(arguments.chip, request); !trust.ok())
    return reporter.UsageError(trust);
  request.threshold = connection->threshold;
  request.total_guesses = arguments.total_guesses;
  if (arguments.even_if_corrupt) request.against = pin::GuessThief::kCorruptRealms;
  request.guess_limit = arguments.guess_limit;
  const auto limit = GuessLimitOf(request, connection->realms->size());
  if (!limit.ok()) return reporter.UsageError(limit.status());
  const auto secret = ReadSecretFile(arguments.secret_file, 1U << 16);
  if (!secret.ok()) return reporter.UsageError(secret.status());
  SayTriesOf(*connection, arguments.record, reporter);
  const auto pin = cli::ReadNewPin(
      arguments.pin_stdin ? cli::PinSource::kStandardInput : cli::PinSource::kTerminal, "New PIN");
  if (!pin.ok()) return reporter.UsageError(pin.status());

  request.record = arguments.record;
  if (arguments.allow_missing) request.holders = recovery::client::Holders::kThreshold;
  const auto sealed = Seal(*connection->realms, request, *secret, *pin, *device);
  if (!sealed.ok()) return reporter.Fail(sealed.status());
  reporter.SayRealms(sealed->reports);
  for (const std::string& line : cli::LeftToDo(*sealed)) reporter.Say(line);
  const bool by_chips = std::ranges::any_of(sealed->counting, &RealmCounting::by_chip);
  if (by_chips || arguments.chip.enforcement.value_or(Enforcement::kLedger) != Enforcement::kLedger) {
    SayCounting(sealed->counting, reporter);
  }
  const pin::Quorum quorum{static_cast<uint32_t>(sealed->counting.size()), sealed->threshold};
  reporter.Result("sealed",
                  {{"record", arguments.record},
                   {"version", sealed->version},
                   {"threshold", sealed->threshold},
                   {"holders", sealed->holders},
                   {"guess_limit", sealed->guess_limit},
                   {"complete", sealed->complete},
                   {"same_pin", sealed->pin == recovery::client::KnownPin::kSame},
                   {"testable_pins", TestablePinsJson(quorum, sealed->guess_limit)},
                   {"counting", CountingJson(sealed->counting)},
                   {"realms", RealmsJson(sealed->reports)}},
                  absl::StrCat("sealed record ", arguments.record, " version ", sealed->version, ": any ",
                               sealed->threshold, " of ", sealed->holders,
                               " realms and the PIN bring it back; ", sealed->guess_limit,
                               " wrong PINs destroy it\n", ThiefsTries(quorum, sealed->guess_limit), "\n"));
  return ExitCodeOfChips(sealed->reports);
}

}  // namespace labrec::recover

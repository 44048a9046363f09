#include <algorithm>

#include "absl/strings/str_cat.h"

#include "attestation/verify/attest_policy.h"
#include "hsm/base/clock.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "recovery/client/attest.h"
#include "tools/cli/attest_demand.h"
#include "tools/cli/attest_report.h"
#include "tools/cli/connect.h"
#include "tools/recover/commands.h"
#include "tools/recover/exit_code.h"

namespace labrec::recover {
namespace {

using cli::AttestReport;
using recovery::client::AttestDemand;
using recovery::client::RealmSet;

// The realms to ask: the one of --realm, by its name or id, or all.
absl::StatusOr<std::vector<size_t>> Chosen(const RealmSet& realms, const std::string& wanted) {
  std::vector<size_t> chosen;
  for (size_t i = 0; i < realms.size(); ++i) {
    const recovery::client::RealmAddress& realm = realms.address(i);
    if (wanted.empty() || wanted == realm.name || wanted == Hex(realm.id)) chosen.push_back(i);
  }
  if (!chosen.empty()) return chosen;
  return absl::InvalidArgumentError(
      absl::StrCat("--realm ", wanted, ": no realm of the list has this name or id"));
}

AttestReport Ask(const RealmSet& realms, size_t realm, const AttestDemand& demand) {
  AttestReport report;
  report.realm = realms.address(realm).name;
  auto device = AskDeviceClaims(realms, realm);
  if (device.ok()) {
    report.device = absl::StrCat(device->kind, ", ", device->manufacturer);
    if (!device->warning.empty()) absl::StrAppend(&report.device, ", ", device->warning);
    report.claims = std::move(device->claims);
  }
  auto attested = AttestRealm(realms, realm, demand);
  report.error = attested.status();
  if (!attested.ok()) return report;
  report.verified = std::move(attested->verified);
  report.endorsed = attested->endorsed;
  report.ek_certificate = std::move(attested->ek_certificate);
  return report;
}

int CodeOf(const std::vector<AttestReport>& reports) {
  const auto any = [&](cli::Verdict verdict) {
    return std::ranges::any_of(reports, [&](const auto& one) { return cli::VerdictOf(one) == verdict; });
  };
  if (any(cli::Verdict::kRefused) || any(cli::Verdict::kNotProven)) return kExitFailure;
  return any(cli::Verdict::kNoAnswer) ? kExitTooFewRealms : kExitDone;
}

const char* ProofName(int code) {
  if (code == kExitDone) return "proven";
  return code == kExitTooFewRealms ? "no-answer" : "not-proven";
}

}  // namespace

int RunAttest(const Arguments& arguments, const Reporter& reporter) {
  const auto connection = cli::Connect(arguments);
  if (!connection.ok()) return reporter.UsageError(connection.status());
  const auto chosen = Chosen(*connection->realms, arguments.realm);
  if (!chosen.ok()) return reporter.UsageError(chosen.status());
  const auto demand = cli::ReadAttestDemand(arguments.attest_policy);
  if (!demand.ok()) return reporter.UsageError(demand.status());
  std::vector<AttestReport> reports;
  nlohmann::json realms = nlohmann::json::array();
  std::string text;
  for (const size_t realm : *chosen) {
    reports.push_back(Ask(*connection->realms, realm, *demand));
    realms.push_back(ToJson(reports.back()));
    text += ToText(reports.back());
  }
  const int code = CodeOf(reports);
  reporter.Result(ProofName(code), {{"realms", std::move(realms)}}, text);
  return code;
}

}  // namespace labrec::recover

#include <chrono>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "recovery/client/base/device_key.h"
#include "recovery/client/delete_record.h"
#include "recovery/client/recover.h"
#include "recovery/client/seal.h"
#include "tools/cli/advice.h"
#include "tools/cli/attest_demand.h"
#include "tools/cli/connect.h"
#include "tools/recover/commands.h"
#include "tools/recover/exit_code.h"

namespace labrec::recover {
namespace {

using nlohmann::json;
using recovery::client::DeviceKey;
using recovery::client::Enforcement;
using recovery::client::RealmCondition;
using recovery::client::Recovered;
using recovery::client::WrongPin;

constexpr char kRecord[] = "labyrinth-probe";  // of no person: it is deleted before and after

struct Step {
  std::string name;
  double seconds = 0;
  absl::Status status;
};

// What a person does, by an account that nobody needs: each step is timed, and the first that fails is the
// last.
class Probe {
 public:
  Probe(const cli::Connection& connection, const DeviceKey& device)
      : connection_(connection), device_(device) {}

  void Run() {
    const bool good = Do("clear", [this] { return Delete(); }) && Do("seal", [this] { return Seal(); }) &&
                      Do("wrong_pin", [this] { return GuessWrong(); }) &&
                      Do("recover", [this] { return GuessRight(); });
    if (good) {
      Do("delete", [this] { return Delete(); });
    } else {
      (void)Delete();
    }
  }
  const std::vector<Step>& steps() const { return steps_; }
  absl::Status status() const { return steps_.back().status; }

 private:
  bool Do(const char* name, const std::function<absl::Status()>& step) {
    const auto begun = std::chrono::steady_clock::now();
    absl::Status status = step();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    steps_.push_back({name, took.count(), std::move(status)});
    return steps_.back().status.ok();
  }

  absl::Status Seal() {
    recovery::client::SealRequest request;
    request.record = kRecord;
    request.threshold = connection_.threshold;
    request.enforcement = Enforcement::kLedger;
    return recovery::client::Seal(*connection_.realms, request, secret_, pin_, device_).status();
  }

  absl::StatusOr<recovery::client::RecoverOutcome> Guess(const SecretBytes& pin) const {
    return Recover(*connection_.realms, {kRecord, connection_.threshold, connection_.threshold_from}, pin);
  }

  absl::Status GuessWrong() const {
    const auto outcome = Guess(NewPin());
    if (!outcome.ok()) return outcome.status();
    if (std::holds_alternative<WrongPin>(*outcome)) return absl::OkStatus();
    return absl::InternalError("a wrong PIN was not answered as one");
  }

  absl::Status GuessRight() const {
    const auto outcome = Guess(pin_);
    if (!outcome.ok()) return outcome.status();
    const auto* const recovered = std::get_if<Recovered>(&*outcome);
    if (recovered == nullptr) return absl::InternalError("the right PIN brought nothing back");
    return recovered->secret.Equals(secret_.view()) ? absl::OkStatus()
                                                    : absl::InternalError("another secret came back");
  }

  absl::Status Delete() const {
    for (const auto& report : DeleteRecord(*connection_.realms, kRecord, device_)) {
      const bool gone =
          report.condition == RealmCondition::kGood || report.condition == RealmCondition::kNotRegistered;
      if (!gone)
        return absl::UnavailableError(absl::StrCat("realm ", report.realm, ": ", report.error.message()));
    }
    return absl::OkStatus();
  }

  static SecretBytes NewPin() {
    const std::string digits = Hex(SecretBytes::Random(16).view());
    return SecretBytes::CopyOf(AsBytes(digits));
  }

  const cli::Connection& connection_;
  const DeviceKey& device_;
  const SecretBytes secret_ = SecretBytes::Random(32);
  const SecretBytes pin_ = NewPin();
  std::vector<Step> steps_;
};

// Prometheus' text format, for node_exporter's textfile collector.
std::string MetricsOf(const Probe& probe) {
  std::string text =
      absl::StrCat("# TYPE labyrinth_probe_success gauge\nlabyrinth_probe_success ",
                   probe.status().ok() ? 1 : 0, "\n# TYPE labyrinth_probe_step_seconds gauge\n");
  for (const Step& step : probe.steps()) {
    absl::StrAppend(&text, "labyrinth_probe_step_seconds{step=\"", step.name, "\"} ", step.seconds, "\n");
  }
  return text;
}

}  // namespace

int RunProbe(const Arguments& arguments, const Reporter& reporter) {
  const auto connection = cli::Connect(arguments);
  if (!connection.ok()) return reporter.UsageError(connection.status());
  const auto device = DeviceKey::Load(arguments.device_key);
  if (!device.ok()) return reporter.UsageError(device.status());
  const absl::Status proven = cli::CheckRealms(*connection->realms, arguments.attest_policy);
  if (!proven.ok()) return reporter.Fail(proven);
  Probe probe(*connection, *device);
  probe.Run();
  if (!arguments.metrics_out.empty()) {
    const absl::Status written =
        WriteFile(arguments.metrics_out, AsBytes(MetricsOf(probe)), 0644, Overwrite::kReplace);
    if (!written.ok()) return reporter.Fail(written);
  }
  json steps = json::array();
  std::string text;
  for (const Step& step : probe.steps()) {
    steps.push_back({{"step", step.name}, {"seconds", step.seconds}, {"good", step.status.ok()}});
    absl::StrAppend(&text, step.name, ": ", step.status.ok() ? "good" : "failed", ", ", step.seconds, " s\n");
  }
  json fields = {{"steps", std::move(steps)}};
  if (probe.status().ok()) {
    reporter.Result("good", std::move(fields), text);
    return kExitDone;
  }
  fields["error"] = cli::Explain(probe.status());
  reporter.Say(absl::StrCat(probe.steps().back().name, ": ", cli::Explain(probe.status())));
  reporter.Result("failed", std::move(fields), text);
  return ExitCode(probe.status());
}

}  // namespace labrec::recover

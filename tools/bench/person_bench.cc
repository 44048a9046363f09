// person_bench: how long one person waits: whole operations of the client, Argon2id and network included.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"

#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/process/temporary_folder.h"
#include "tools/bench/bench_device.h"
#include "tools/bench/bench_realm.h"
#include "tools/bench/output.h"

namespace labrec::bench {
namespace {

struct Options {
  test::SimulatorKind kind = test::SimulatorKind::kSwtpm;
  Latency latency = Latency::kSimulator;
  size_t times = 10;
  bool json = false;
};

absl::StatusOr<std::string> Run(const std::vector<std::string>& command, const std::string& input = "") {
  const test::FinishedCommand ended = test::RunCommand(command, input);
  if (ended.code == 0) return ended.out;
  return absl::InternalError(absl::StrCat(command[0], " ", command[1], ": ", ended.err));
}

// One account with a device on one realm, as "labyrinth-recover" has it.
class Person {
 public:
  static absl::StatusOr<std::unique_ptr<Person>> Enroll(const test::RealmFixture& realm) {
    std::unique_ptr<Person> person(new Person());
    const std::string root = realm.ca_certificate();
    LABREC_ASSIGN_OR_RETURN(
        const std::string entry,
        Run({test::RealmFixture::Program("labyrinth-admin"), "realm", "client-entry", "--state",
             realm.state(), "--address", realm.address(), "--ca-certificate", root}));
    std::filesystem::copy_file(root, person->folder_.path() / realm.ca_certificate().filename());
    LABREC_RETURN_IF_ERROR(person->Keep("realms.toml", entry));
    LABREC_RETURN_IF_ERROR(person->Keep("token", realm.Token("person")));
    LABREC_RETURN_IF_ERROR(Run({program(), "device-key", "--device-key", person->Path("key")}).status());
    LABREC_RETURN_IF_ERROR(person->Do({"enroll", "--device-key", person->Path("key")}).status());
    return person;
  }

  // Seals a record of its own, guesses wrong, recovers and deletes it, as "labyrinth-recover probe" does;
  // adds what each step took.
  absl::Status Probe(std::map<std::string, std::vector<double>>& milliseconds) const {
    LABREC_ASSIGN_OR_RETURN(const std::string text, Do({"probe", "--device-key", Path("key"), "--json"}));
    const Json report = Json::parse(text, nullptr, false);
    if (!report.is_object()) return absl::InternalError(absl::StrCat("labyrinth-recover probe: ", text));
    for (const Json& step : report["steps"]) {
      milliseconds[step["step"].get<std::string>()].push_back(1000 * step["seconds"].get<double>());
    }
    return absl::OkStatus();
  }

 private:
  Person() = default;
  static std::string program() { return test::RealmFixture::Program("labyrinth-recover"); }
  std::string Path(const char* name) const { return folder_.path() / name; }
  absl::Status Keep(const char* name, const std::string& text) const {
    return WriteFile(Path(name), AsBytes(text), 0600, Overwrite::kReplace);
  }
  absl::StatusOr<std::string> Do(std::vector<std::string> words) const {
    words.insert(words.begin(), program());
    words.insert(words.end(), {"--realms", Path("realms.toml"), "--token-file", Path("token")});
    return Run(words);
  }

  test::TemporaryFolder folder_;
};

absl::StatusOr<Json> Measure(const Options& options) {
  LABREC_ASSIGN_OR_RETURN(const auto realm, BenchRealm::Start(options.kind, options.latency));
  LABREC_ASSIGN_OR_RETURN(const auto person, Person::Enroll(realm->fixture()));
  std::map<std::string, std::vector<double>> milliseconds;
  for (size_t i = 0; i < options.times; ++i) LABREC_RETURN_IF_ERROR(person->Probe(milliseconds));
  Json result = {{"device", options.kind == test::SimulatorKind::kSwtpm ? "swtpm" : "softhsm2"},
                 {"latency", options.latency == Latency::kHardware ? "hardware" : "simulator"},
                 {"times", options.times}};
  for (auto& [step, taken] : milliseconds) result[step + "_ms"] = Percentiles(taken);
  return result;
}

}  // namespace
}  // namespace labrec::bench

int main(int argc, char** argv) {
  using namespace labrec::bench;
  Options options;
  CLI::App app(
      "Measures what one person waits for on an idle realm: sealing, a wrong PIN, recovering and deleting by "
      "the client library, with its Argon2id (64 MiB, three passes), TLS 1.3 over loopback and all that the "
      "realm does.");
  AddDeviceOption(app, options.kind);
  AddLatencyOption(app, options.latency);
  app.add_option("--times", options.times, "each operation is done")->check(CLI::Range(1, 1000));
  app.add_flag("--json", options.json, "JSON instead of a table");
  CLI11_PARSE(app, argc, argv);
  return Print(Measure(options), options.json ? Format::kJson : Format::kTable);
}

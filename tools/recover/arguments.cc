#include "tools/recover/arguments.h"

#include <CLI/CLI.hpp>

#include "tools/cli/chip_options.h"
#include "tools/cli/completion/completion.h"
#include "tools/cli/prompts.h"
#include "tools/cli/usage_error.h"
#include "tools/recover/exit_code.h"

namespace labrec::recover {
namespace {

constexpr char kFooter[] =
    "PINs are asked for on the terminal, or read from standard input with --pin-stdin; never from an "
    "argument.\n"
    "Exit codes: 0 done, 1 failure, 2 usage, 3 wrong PIN, 4 locked or destroyed, 5 not registered,\n"
    "6 too few realms reachable, 7 done, but a chip counted tries that nobody explains.\n"
    "More: man labyrinth-recover";

constexpr char kExamples[] =
    "Examples:\n"
    "  labyrinth-recover device-key --device-key phone.pem --public-out phone.pub\n"
    "  labyrinth-recover seal --realms realms.toml --token-file tokens --device-key phone.pem \\\n"
    "    --secret-file storage.key\n"
    "  labyrinth-recover recover --realms realms.toml --token-file tokens --output storage.key\n\n";

void AddJson(CLI::App* command, Arguments& arguments) {
  command->add_flag("--json", arguments.json, "Print the result as JSON on standard output");
  command->add_flag(cli::kNoInput, cli::prompts_forbidden, cli::kNoInputHelp);
}

void AddRealms(CLI::App* command, Arguments& arguments) {
  command->add_option("--realms", arguments.realms, "TOML list of the realms")
      ->required()
      ->type_name("FILE")
      ->check(cli::Reachable());
  command
      ->add_option("--token-file", arguments.token_file,
                   "Bearer tokens (JWT), one for each realm, for the realms that the list names none for")
      ->type_name("FILE")
      ->check(cli::Reachable());
  command->add_option("--tenant", arguments.tenant, "Tenant, if not the token's issuer")->type_name("NAME");
  command->add_option("--account", arguments.account, "Account, if not the token's subject")
      ->type_name("NAME");
  command->add_option("--timeout", arguments.timeout_s, "Seconds that one call to a realm may take")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str()
      ->type_name("SECONDS");
  AddJson(command, arguments);
}

void AddRecord(CLI::App* command, Arguments& arguments) {
  AddRealms(command, arguments);
  command->add_option("--record", arguments.record, "Name of the record")
      ->capture_default_str()
      ->type_name("NAME");
}

void AddThreshold(CLI::App* command, Arguments& arguments, const char* description) {
  command->add_option("--threshold", arguments.threshold, description)
      ->check(CLI::Range(1, 16))
      ->type_name("T");
}

void AddPin(CLI::App* command, Arguments& arguments, const char* description) {
  command->add_flag("--pin-stdin", arguments.pin_stdin, description);
}

CLI::Option* AddDeviceKey(CLI::App* command, Arguments& arguments, const char* description) {
  return command->add_option("--device-key", arguments.device_key, description)
      ->type_name("FILE")
      ->check(cli::Reachable());
}

constexpr char kLeast[] = "How many realms must agree on the record (default: the list's, else a majority)";
constexpr char kAllowMissing[] = "Go ahead although realms are missing, as long as the threshold is met";

void AddDeviceKeyCommand(CLI::App* command, Arguments& arguments) {
  AddDeviceKey(command, arguments, "Key file to make; nothing is overwritten")->required();
  command->add_option("--public-out", arguments.public_out, "Also write the public key (PEM) there")
      ->type_name("FILE")
      ->check(cli::Reachable());
  AddJson(command, arguments);
}

void AddAttestPolicy(CLI::App* command, Arguments& arguments, const char* description) {
  command->add_option("--attest-policy", arguments.attest_policy, description)
      ->type_name("FILE")
      ->check(cli::Reachable());
}

constexpr char kProveFirst[] =
    "Send a realm nothing else before it has proven its TPM as this file (TOML) demands";

void AddEnrollCommand(CLI::App* command, Arguments& arguments) {
  AddRealms(command, arguments);
  AddDeviceKey(command, arguments, "Key file of the device to enrol")->required();
  command->add_option("--device-name", arguments.device_name, "What lists of devices call it")
      ->type_name("NAME");
  command
      ->add_option(
          "--authorized-by", arguments.authorized_by,
          "Key file of a device that is enrolled already; without it, this is the account's first one")
      ->type_name("FILE")
      ->check(cli::Reachable());
  AddAttestPolicy(command, arguments, kProveFirst);
}

void AddAttestCommand(CLI::App* command, Arguments& arguments) {
  AddRealms(command, arguments);
  command->add_option("--realm", arguments.realm, "Only this realm of the list, by name or id")
      ->type_name("NAME");
  AddAttestPolicy(command, arguments,
                  "Whom to believe, PCR values, minimum firmware (TOML); without it nothing is proven");
}

void AddGuesses(CLI::App* command, Arguments& arguments) {
  CLI::Option* const total =
      command
          ->add_option("--total-guesses", arguments.total_guesses,
                       "At most so many PINs can be tried, even by who asks the realms one by one")
          ->check(CLI::Range(1, 320))
          ->capture_default_str()
          ->type_name("G");
  CLI::Option* const corrupt =
      command->add_flag("--even-if-corrupt", arguments.even_if_corrupt,
                        "The total holds even if all realms but one that are needed are corrupt");
  command
      ->add_option("--guess-limit", arguments.guess_limit,
                   "For experts, instead: wrong PINs at each realm; more can be tried in total")
      ->check(CLI::Range(1, 20))
      ->excludes(total)
      ->excludes(corrupt)
      ->type_name("N");
}

void AddSealCommand(CLI::App* command, Arguments& arguments) {
  AddRecord(command, arguments);
  AddDeviceKey(command, arguments, "Key file of an enrolled device")->required();
  command->add_option("--secret-file", arguments.secret_file, "The secret, 1 to 1024 bytes, mode 0600")
      ->required()
      ->type_name("FILE")
      ->check(cli::Reachable());
  AddThreshold(command, arguments,
               "How many realms bring the secret back (default: the list's, else a majority)");
  AddGuesses(command, arguments);
  command->add_flag("--allow-missing", arguments.allow_missing, kAllowMissing);
  AddAttestPolicy(command, arguments, kProveFirst);
  cli::AddChipOptions(*command, arguments.chip);
  AddPin(command, arguments, "Read the PIN from standard input, one line");
}

void AddActive(CLI::App* command, Arguments& arguments) {
  command->add_flag(
      "--active", arguments.active,
      "Use the active version and pass over a pending one, which any enrolled device can put in "
      "front of it");
}

void AddOwnTries(CLI::App* command, Arguments& arguments) {
  command
      ->add_option(
          "--own-tries", arguments.own_tries,
          "So many tries since the last success were yours, though only one realm's chip counted them")
      ->check(CLI::Range(0, 20))
      ->type_name("N");
}

void AddRecoverCommand(CLI::App* command, Arguments& arguments) {
  AddRecord(command, arguments);
  AddThreshold(command, arguments, kLeast);
  AddActive(command, arguments);
  AddOwnTries(command, arguments);
  command
      ->add_option(
          "--output", arguments.output,
          "File for the secret (mode 0600, not overwritten); without it, standard output, if that is "
          "no terminal")
      ->type_name("FILE")
      ->check(cli::Reachable());
  command
      ->add_option("--enroll-device", arguments.enroll_device,
                   "Enrol this new device's key file, authorised by the recovered record")
      ->type_name("FILE")
      ->check(cli::Reachable());
  command->add_option("--device-name", arguments.device_name, "What lists of devices call the new device")
      ->type_name("NAME");
  AddAttestPolicy(command, arguments, kProveFirst);
  AddPin(command, arguments, "Read the PIN from standard input, one line");
}

void AddChangePinCommand(CLI::App* command, Arguments& arguments) {
  AddRecord(command, arguments);
  AddThreshold(command, arguments, kLeast);
  AddActive(command, arguments);
  AddOwnTries(command, arguments);
  AddDeviceKey(command, arguments, "Key file of an enrolled device, for realms that missed the last version");
  command->add_flag("--allow-missing", arguments.allow_missing, kAllowMissing);
  AddAttestPolicy(command, arguments, kProveFirst);
  AddPin(command, arguments, "Read the old and the new PIN from standard input, one line each");
}

void AddHealCommand(CLI::App* command, Arguments& arguments) {
  AddRecord(command, arguments);
  AddThreshold(command, arguments, kLeast);
  AddOwnTries(command, arguments);
  AddDeviceKey(command, arguments, "Key file of an enrolled device, for realms that do not hold the record");
  AddAttestPolicy(command, arguments, kProveFirst);
  AddPin(command, arguments, "Read the PIN from standard input, one line");
}

void AddStatusCommand(CLI::App* command, Arguments& arguments) {
  AddRecord(command, arguments);
  AddThreshold(command, arguments, kLeast);
}

void AddDeleteCommand(CLI::App* command, Arguments& arguments) {
  AddRecord(command, arguments);
  AddThreshold(command, arguments, kLeast);
  AddDeviceKey(command, arguments, "Key file of an enrolled device; without it, the PIN is asked for");
  AddAttestPolicy(command, arguments, kProveFirst);
  AddPin(command, arguments, "Read the PIN from standard input, one line");
}

void AddDeviceCommand(CLI::App* command, Arguments& arguments) {
  command->require_subcommand(1);
  CLI::App* list = command->add_subcommand("list", "Show what each realm says of the account's devices");
  list->footer(kFooter);
  AddRealms(list, arguments);
  CLI::App* revoke = command->add_subcommand("revoke", "Take a device's rights away at every realm");
  revoke->footer(kFooter);
  AddRecord(revoke, arguments);
  AddThreshold(revoke, arguments, kLeast);
  revoke->add_option("id", arguments.device_id, "Its id, 32 hex digits (device list)")->required();
  AddDeviceKey(revoke, arguments, "Key file of an enrolled device; without it, the PIN is asked for");
  AddAttestPolicy(revoke, arguments, kProveFirst);
  AddPin(revoke, arguments, "Read the PIN from standard input, one line");
}

void AddProbeCommand(CLI::App* command, Arguments& arguments) {
  AddRealms(command, arguments);
  AddThreshold(command, arguments, kLeast);
  AddDeviceKey(command, arguments, "Key file of an enrolled device of an account that nobody else uses")
      ->required();
  command
      ->add_option("--metrics-out", arguments.metrics_out,
                   "Also write what was found there, for Prometheus; replaced each time")
      ->type_name("FILE")
      ->check(cli::Reachable());
  AddAttestPolicy(command, arguments, kProveFirst);
}

struct CommandEntry {
  Command command;
  const char* name;
  const char* description;
  void (*add)(CLI::App*, Arguments&);
};

constexpr CommandEntry kCommands[] = {
    {Command::kDeviceKey, "device-key", "Make a signing key for this device", AddDeviceKeyCommand},
    {Command::kEnroll, "enroll", "Enrol a device at the realms", AddEnrollCommand},
    {Command::kDevice, "device", "Show the account's devices, or revoke one", AddDeviceCommand},
    {Command::kSeal, "seal", "Protect a secret by a PIN", AddSealCommand},
    {Command::kRecover, "recover", "Bring the secret back with the PIN", AddRecoverCommand},
    {Command::kChangePin, "change-pin", "Give the same secret a new PIN", AddChangePinCommand},
    {Command::kHeal, "heal", "Bring a record to all realms of the list again", AddHealCommand},
    {Command::kStatus, "status", "Show what the realms say of a record; costs no try", AddStatusCommand},
    {Command::kAttest, "attest", "Make realms prove which security chip they have", AddAttestCommand},
    {Command::kDelete, "delete", "Delete a record", AddDeleteCommand},
    {Command::kProbe, "probe", "Try realms as a person would, with times, for cron", AddProbeCommand},
};

}  // namespace

recovery::client::WhichVersion Which(const Arguments& arguments) {
  using recovery::client::WhichVersion;
  return arguments.active ? WhichVersion::kActive : WhichVersion::kNewest;
}

std::variant<Arguments, int> ParseArguments(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Keep a secret with recovery realms, and bring it back with a PIN.", "labyrinth-recover");
  app.footer(std::string(kExamples) + kFooter);
  cli::AddCompletionOption(app);
  app.require_subcommand(1);
  app.set_version_flag("--version", LABREC_VERSION);
  for (const CommandEntry& entry : kCommands) {
    CLI::App* command = app.add_subcommand(entry.name, entry.description);
    command->footer(kFooter);
    entry.add(command, arguments);
    command->final_callback([&arguments, &entry] { arguments.command = entry.command; });
  }
  if (cli::PrintedCompletion(app, argc, argv)) return kExitDone;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return cli::ExplainUsage(app, error) ? kExitDone : kExitUsage;
  }
  return arguments;
}

}  // namespace labrec::recover

#include "tools/mailbox/arguments.h"

#include <iostream>
#include <iterator>

#include <CLI/CLI.hpp>

#include "tools/cli/chip_options.h"
#include "tools/cli/completion/completion.h"
#include "tools/cli/prompts.h"
#include "tools/cli/usage_error.h"

namespace labrec::mailbox {
namespace {

using Command = std::function<absl::Status(Session&)>;

constexpr char kFooter[] =
    "PINs are asked for on the terminal, or read from standard input with --pin-stdin; never from an "
    "argument.\n"
    "Exit codes: 0 done, 1 failure, 2 this device was revoked, 3 the store does not tell the truth,\n"
    "4 wrong PIN, or the record is locked, destroyed or not registered, 5 too few realms reachable.\n"
    "More: man labyrinth-mailbox";

constexpr char kExamples[] =
    "Examples:\n"
    "  labyrinth-mailbox --home phone --store mailboxes init --tenant chat --account alice\n"
    "  labyrinth-mailbox --home phone --store mailboxes --realms realms.toml --token-file tokens code make\n"
    "  labyrinth-mailbox --home tablet --store mailboxes --realms realms.toml --token-file tokens "
    "restore\n\n";

CLI::App* AddCommand(CLI::App& parent, const char* name, const char* what, Arguments& arguments,
                     Command command) {
  CLI::App* app = parent.add_subcommand(name, what);
  app->callback([&arguments, command = std::move(command)] { arguments.command = command; });
  return app;
}

void AddAccount(CLI::App& app, Arguments& a, bool required) {
  app.add_option("--tenant", a.session.account.tenant, "The messaging platform")->required(required);
  app.add_option("--account", a.session.account.account, "The user")->required(required);
}

void AddStoreOptions(CLI::App& app, StoreOptions& store) {
  app.add_option("--store", store.name,
                 "The message store: a folder, or unix:/path, grpc://host:port, grpcs://host:port of a "
                 "labyrinth-mailboxd")
      ->envname("LABYRINTH_MAILBOX_STORE")
      ->required();
  app.add_option("--store-ca", store.ca, "Certificates that a grpcs:// store is trusted by")
      ->envname("LABYRINTH_MAILBOX_STORE_CA");
  app.add_option("--store-token-file", store.token_file, "Bearer token for the store and nothing else")
      ->envname("LABYRINTH_MAILBOX_STORE_TOKEN_FILE");
  app.add_option("--mailbox", store.mailbox, "The server's name for the mailbox, if not TENANT/ACCOUNT")
      ->envname("LABYRINTH_MAILBOX_NAME");
}

void AddRealmOptions(CLI::App& app, SessionOptions& session) {
  cli::RealmOptions& realms = session.realms;
  app.add_option("--realms", realms.realms, "TOML list of the recovery realms")
      ->envname("LABYRINTH_MAILBOX_REALMS");
  app.add_option("--token-file", realms.token_file,
                 "Bearer tokens, one for each realm, for realms without one in the list")
      ->envname("LABYRINTH_MAILBOX_TOKEN_FILE");
  app.add_option("--record", session.record, "The record's name in the realms (default: default)")
      ->envname("LABYRINTH_MAILBOX_RECORD");
  app.add_option("--threshold", realms.threshold, "How many realms bring the code back")
      ->envname("LABYRINTH_MAILBOX_THRESHOLD")
      ->check(CLI::Range(1, 16));
  app.add_option("--timeout", realms.timeout_s, "Seconds that one call to a realm may take")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  app.add_flag("--no-floor", session.no_floor,
               "Believe the store: do not ask the realms for the epoch floor");
}

void AddPin(CLI::App& app, PinOptions& pin) {
  app.add_flag("--pin-stdin", pin.from_stdin, "Read the PIN from standard input, one line");
  app.add_option("--attest-policy", pin.attest_policy,
                 "Send a realm nothing else before it has proven its TPM as this file (TOML) demands");
  app.add_option("--device-name", pin.device_name, "What the realms' lists of devices call this device")
      ->capture_default_str();
}

void AddRecovering(CLI::App& app, PinOptions& pin) {
  AddPin(app, pin);
  app.add_flag(
      "--active", pin.active,
      "Use the record's active version and pass over a pending one, which any enrolled device can put in "
      "front of it");
  app.add_option("--own-tries", pin.own_tries,
                 "So many tries since the last success were yours, though only one realm's chip counted them")
      ->check(CLI::Range(0, 20));
}

void AddDeviceCommands(CLI::App& app, Arguments& a) {
  CLI::App* device = app.add_subcommand("device", "The devices of the mailbox");
  device->require_subcommand(1);
  CLI::App* add = AddCommand(*device, "add", "Let a device in", a, [&a](Session& session) {
    return a.new_home.empty() ? AddRequestingDevice(session, a.file) : AddLocalDevice(session, a.new_home);
  });
  CLI::App* how = add->add_option_group("how")->require_option(1);
  how->add_option("--new-home", a.new_home, "A new device on this machine: its home, which is made");
  how->add_option("--request", a.file, "A device elsewhere: the file that its device request wrote");
  CLI::App* request = AddCommand(*device, "request", "Ask to be let in, from a new device", a,
                                 [&a](Session& session) { return RequestDevice(session, a.file); });
  AddAccount(*request, a, true);
  request->add_option("file", a.file, "The request, to be carried to a member by hand: it is secret")
      ->required();
  AddCommand(*device, "accept", "Begin, after a member let this device in", a, AcceptDevice);
  AddCommand(*device, "key", "Print this device's public key, for the realms' operators", a, ShowDeviceKey);
  CLI::App* enroll = AddCommand(*device, "enroll", "Enrol this device at the realms by the PIN", a,
                                [&a](Session& session) { return EnrollByPin(session, a.pin); });
  AddRecovering(*enroll, a.pin);
  AddCommand(*device, "list", "Show the members, checked", a, ListDevices);
  AddCommand(*device, "revoke",
             "Open an epoch without these members, and without any that the list did not show", a,
             [&a](Session& session) { return RevokeDevices(session, a.ids); })
      ->add_option("id", a.ids, "Their ids, or the beginnings of them")
      ->required();
}

void AddMessageCommands(CLI::App& app, Arguments& a) {
  CLI::App* send = AddCommand(app, "send", "Send a message", a, [&a](Session& session) {
    if (a.text.empty()) a.text.assign(std::istreambuf_iterator<char>(std::cin), {});
    return Send(session, a.thread, a.text);
  });
  send->add_option("thread", a.thread, "The thread; the store sees it")->required();
  send->add_option("text", a.text, "The message; without it stdin is sent");
  CLI::App* read = AddCommand(app, "read", "Show the messages", a,
                              [&a](Session& session) { return Read(session, a.read); });
  read->add_option("--thread", a.read.thread, "Only this thread");
  read->add_option("--since-epoch", a.read.oldest_epoch, "Only from this epoch on");
  read->add_flag("--offline", a.read.offline, "Do not follow to newer epochs");
}

void AddGuesses(CLI::App& app, PinOptions& pin) {
  CLI::Option* const total = app.add_option("--total-guesses", pin.total_guesses,
                                            "At most so many PINs can be tried, at all realms together")
                                 ->check(CLI::Range(1, 320))
                                 ->capture_default_str();
  CLI::Option* const corrupt =
      app.add_flag("--even-if-corrupt", pin.even_if_corrupt,
                   "The total holds even if all realms but one that are needed are corrupt");
  app.add_option("--guess-limit", pin.guess_limit, "Instead: wrong PINs at each realm")
      ->check(CLI::Range(1, 20))
      ->excludes(total)
      ->excludes(corrupt);
}

void AddCodeCommands(CLI::App& app, Arguments& a) {
  CLI::App* code = app.add_subcommand("code", "Recovery codes");
  code->require_subcommand(1);
  AddCommand(*code, "paper", "Make a recovery code and show it, to be written down", a, MakePaperCode);
  CLI::App* make = AddCommand(*code, "make", "Make a recovery code and seal it in the realms under a PIN", a,
                              [&a](Session& session) { return MakePinCode(session, a.pin); });
  AddPin(*make, a.pin);
  AddGuesses(*make, a.pin);
  cli::AddChipOptions(*make, a.pin.chip);
  make->add_flag("--allow-missing", a.pin.allow_missing,
                 "Go ahead although realms are missing, as long as the threshold is met");
  CLI::App* restore =
      AddCommand(app, "restore", "A new device: by the PIN, or without --realms by a code read from stdin", a,
                 [&a](Session& session) {
                   const bool by_pin = !a.paper && !a.session.realms.realms.empty();
                   return by_pin ? RestoreByPin(session, a.pin) : RestoreFromPaper(session);
                 });
  AddAccount(*restore, a, false);
  AddRecovering(*restore, a.pin);
  restore->add_flag("--paper", a.paper, "Read a code from stdin, although realms are named");
}

void AddArguments(CLI::App& app, Arguments& arguments) {
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--home", arguments.session.home, "This device's own folder")
      ->envname("LABYRINTH_MAILBOX_HOME")
      ->required();
  app.add_flag(cli::kNoInput, cli::prompts_forbidden, cli::kNoInputHelp);
  AddStoreOptions(app, arguments.session.store);
  AddRealmOptions(app, arguments.session);
  AddAccount(*AddCommand(app, "init", "Make a mailbox with this device as its first", arguments, Init),
             arguments, true);
  AddDeviceCommands(app, arguments);
  AddMessageCommands(app, arguments);
  AddCodeCommands(app, arguments);
}

}  // namespace

std::optional<int> ParseArguments(int argc, char** argv, Arguments& arguments) {
  CLI::App app("A command-line mailbox over an untrusted message store", "labyrinth-mailbox");
  app.footer(std::string(kExamples) + kFooter);
  cli::AddCompletionOption(app);
  app.set_version_flag("--version", LABREC_VERSION);
  AddArguments(app, arguments);
  if (cli::PrintedCompletion(app, argc, argv)) return 0;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return cli::ExplainUsage(app, error) ? 0 : 1;
  }
  return std::nullopt;
}

}  // namespace labrec::mailbox

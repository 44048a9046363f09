// labyrinth-mailbox: a command-line messenger's storage side, as an example of what recovery/labyrinth/ is
// for.

#include <cstdio>
#include <functional>
#include <iostream>
#include <iterator>

#include <CLI/CLI.hpp>

#include "recovery/labyrinth/reason.h"
#include "tools/mailbox/commands.h"

namespace labrec::mailbox {
namespace {

using recovery::history::AccountName;
using recovery::history::NoFloor;
using Command = std::function<absl::Status(Session&)>;

// 2: this device was revoked. 3: the store does not tell the truth. 1: anything else.
int ExitCode(const absl::Status& status) {
  if (status.ok()) return 0;
  if (recovery::history::ReasonOf(status) == recovery::history::Reason::kLeftOut) return 2;
  return status.code() == absl::StatusCode::kDataLoss ? 3 : 1;
}

struct Arguments {
  std::string home;
  std::string store;
  AccountName account;
  std::string request;
  std::string new_home;
  std::string id;
  std::string thread;
  std::string text;
  ReadOptions read;
};

void AddAccount(CLI::App& app, Arguments& arguments) {
  app.add_option("--tenant", arguments.account.tenant, "The messaging platform")->required();
  app.add_option("--account", arguments.account.account, "The user")->required();
}

CLI::App* AddCommand(CLI::App& parent, const char* name, const char* what, Command& chosen, Command command) {
  CLI::App* app = parent.add_subcommand(name, what);
  app->callback([&chosen, command = std::move(command)] { chosen = command; });
  return app;
}

void AddDeviceCommands(CLI::App& app, Arguments& a, Command& chosen) {
  CLI::App* device = app.add_subcommand("device", "The devices of the mailbox");
  device->require_subcommand(1);
  CLI::App* add = AddCommand(*device, "add", "Let a device in", chosen, [&a](Session& session) {
    return a.new_home.empty() ? AddRequestingDevice(session, a.request) : AddLocalDevice(session, a.new_home);
  });
  CLI::App* how = add->add_option_group("how")->require_option(1);
  how->add_option("--new-home", a.new_home, "A new device on this machine: its home, which is made");
  how->add_option("--request", a.request, "A device elsewhere: the file that its device request wrote");
  CLI::App* request = AddCommand(*device, "request", "Ask to be let in, from a new device", chosen,
                                 [&a](Session& s) { return RequestDevice(s, a.account, a.request); });
  AddAccount(*request, a);
  request->add_option("file", a.request, "The request, to be carried to a member by hand: it is secret")
      ->required();
  AddCommand(*device, "accept", "Begin, after a member let this device in", chosen, AcceptDevice);
  AddCommand(*device, "list", "Show the members, checked", chosen, ListDevices);
  AddCommand(*device, "revoke", "Open an epoch without a member", chosen,
             [&a](Session& session) { return RevokeDevice(session, a.id); })
      ->add_option("id", a.id, "Its id, or the beginning of it")
      ->required();
}

void AddMessageCommands(CLI::App& app, Arguments& a, Command& chosen) {
  CLI::App* send = AddCommand(app, "send", "Send a message", chosen, [&a](Session& session) {
    if (a.text.empty()) a.text.assign(std::istreambuf_iterator<char>(std::cin), {});
    return Send(session, a.thread, a.text);
  });
  send->add_option("thread", a.thread, "The thread; the store sees it")->required();
  send->add_option("text", a.text, "The message; without it stdin is sent");
  CLI::App* read = AddCommand(app, "read", "Show the messages", chosen,
                              [&a](Session& session) { return Read(session, a.read); });
  read->add_option("--thread", a.read.thread, "Only this thread");
  read->add_option("--since-epoch", a.read.oldest_epoch, "Only from this epoch on");
  read->add_flag("--offline", a.read.offline, "Do not follow to newer epochs");
}

void AddCodeCommands(CLI::App& app, Arguments& a, Command& chosen) {
  CLI::App* code = app.add_subcommand("code", "Recovery codes");
  code->require_subcommand(1);
  AddCommand(*code, "paper", "Make a recovery code and show it, to be written down", chosen, MakePaperCode);
  CLI::App* restore = AddCommand(app, "restore", "A new device from a recovery code, read from stdin", chosen,
                                 [&a](Session& session) { return RestoreFromPaper(session, a.account); });
  AddAccount(*restore, a);
}

absl::Status Run(const Arguments& arguments, const Command& command) {
  auto store = OpenStore(arguments.store);
  if (!store.ok()) return store.status();
  Session session{Home(arguments.home), *std::move(store), std::make_unique<NoFloor>()};
  return command(session);
}

int Main(int argc, char** argv) {
  ForbidCoreDumps();
  CLI::App app("A command-line mailbox over an untrusted message store");
  Arguments arguments;
  Command command;
  app.require_subcommand(1);
  app.add_option("--home", arguments.home, "This device's own folder")
      ->envname("LABYRINTH_MAILBOX_HOME")
      ->required();
  app.add_option("--store", arguments.store, "The message store: a folder")
      ->envname("LABYRINTH_MAILBOX_STORE")
      ->required();
  AddAccount(*AddCommand(app, "init", "Make a mailbox with this device as its first", command,
                         [&](Session& session) { return Init(session, arguments.account); }),
             arguments);
  AddDeviceCommands(app, arguments, command);
  AddMessageCommands(app, arguments, command);
  AddCodeCommands(app, arguments, command);
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = Run(arguments, command);
  if (!status.ok()) std::fprintf(stderr, "labyrinth-mailbox: %s\n", std::string(status.message()).c_str());
  return ExitCode(status);
}

}  // namespace
}  // namespace labrec::mailbox

int main(int argc, char** argv) {
  return labrec::mailbox::Main(argc, argv);
}

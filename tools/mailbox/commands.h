#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "recovery/labyrinth/mailbox.h"
#include "tools/mailbox/home.h"

// What the subcommands of labyrinth-mailbox do. Each prints its result to stdout and returns why it failed.
namespace labrec::mailbox {

// Opens what `--store` names: a folder. INVALID_ARGUMENT if it is none.
absl::StatusOr<std::unique_ptr<recovery::history::MessageStore>> OpenStore(const std::string& name);

// What every command works on.
struct Session {
  Home home;
  std::unique_ptr<recovery::history::MessageStore> store;
  std::unique_ptr<recovery::history::FloorKeeper> floor;
};

// The mailbox of the device whose home it is.
absl::StatusOr<recovery::history::Mailbox> OpenMailbox(Session& session);

absl::Status Init(Session& session, const recovery::history::AccountName& account);

// A new device on this machine, in its own home, let in at once.
absl::Status AddLocalDevice(Session& session, const std::filesystem::path& new_home);
// A device elsewhere: `request` is the file that its `device request` wrote.
absl::Status AddRequestingDevice(Session& session, const std::filesystem::path& request);
absl::Status RequestDevice(Session& session, const recovery::history::AccountName& account,
                           const std::filesystem::path& request);
absl::Status AcceptDevice(Session& session);
absl::Status ListDevices(Session& session);
// `id` is the hexadecimal id, or enough of its beginning.
absl::Status RevokeDevice(Session& session, const std::string& id);

absl::Status Send(Session& session, const std::string& thread, const std::string& text);

struct ReadOptions {
  std::string thread;  // empty: all
  uint64_t oldest_epoch = 0;
  bool offline = false;  // what this device can read by itself, without following
};
absl::Status Read(Session& session, const ReadOptions& options);

// Makes a recovery code and prints it, to be written down.
absl::Status MakePaperCode(Session& session);
// Reads a recovery code from stdin and makes this home a new device's. Without a recovery service there is no
// floor.
absl::Status RestoreFromPaper(Session& session, const recovery::history::AccountName& account);

}  // namespace labrec::mailbox

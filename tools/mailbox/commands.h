#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "recovery/client/seal.h"
#include "tools/cli/chip_options.h"
#include "tools/mailbox/session.h"

// What the subcommands of labyrinth-mailbox do. Each prints its result to stdout and returns why it failed.
namespace labrec::mailbox {

absl::Status Init(Session& session);

// Prints the public key of this device, for realms whose operator enrols devices.
absl::Status ShowDeviceKey(Session& session);
// A new device on this machine, in its own home, let in at once, and enrolled at the realms.
absl::Status AddLocalDevice(Session& session, const std::filesystem::path& new_home);
// A device elsewhere: `request` is the file that its `device request` wrote.
absl::Status AddRequestingDevice(Session& session, const std::filesystem::path& request);
absl::Status RequestDevice(Session& session, const std::filesystem::path& request);
absl::Status AcceptDevice(Session& session);
// The home remembers whom it showed.
absl::Status ListDevices(Session& session);
// `ids` are hexadecimal ids, or enough of their beginnings; a whole one need not be in the list. Opens an
// epoch for those others that ListDevices showed, raises the floor, and takes the devices' rights at the
// realms. FAILED_PRECONDITION if there are members that it did not show.
absl::Status RevokeDevices(Session& session, const std::vector<std::string>& ids);

absl::Status Send(Session& session, const std::string& thread, const std::string& text);

struct ReadOptions {
  std::string thread;  // empty: all
  uint64_t oldest_epoch = 0;
  bool offline = false;  // what this device can read by itself, without following
};
absl::Status Read(Session& session, const ReadOptions& options);

// Makes a recovery code and prints it, to be written down.
absl::Status MakePaperCode(Session& session);

struct PinOptions {
  bool from_stdin = false;  // one line; otherwise the terminal is asked
  uint32_t total_guesses = recovery::client::kDefaultTotalGuesses;  // at most so many PINs can be tried
  bool even_if_corrupt = false;         // by who has all realms but one that are needed, too
  std::optional<uint32_t> guess_limit;  // of each realm, instead
  bool allow_missing = false;           // seal although realms are missing
  cli::ChipOptions chip;                // seal: who counts
  bool active = false;                  // recover: pass over a pending version
  uint32_t own_tries = 0;               // recover: wrong tries that were the person's own
  std::string attest_policy;            // file: what realms have to prove first; empty: nothing
  std::string device_name = "labyrinth-mailbox";
};
// Makes a recovery code and seals it with a new PIN in the recovery realms, which then keep the floor.
absl::Status MakePinCode(Session& session, const PinOptions& options);
// Enrols this device, a member already, at the realms, by the PIN.
absl::Status EnrollByPin(Session& session, const PinOptions& options);

// Makes this home a new device's, and reads the whole history once. By PIN: from the realms, with the floor;
// on paper: the code is read from stdin, and there is no floor.
absl::Status RestoreByPin(Session& session, const PinOptions& options);
absl::Status RestoreFromPaper(Session& session);

}  // namespace labrec::mailbox

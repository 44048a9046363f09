#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "recovery/client/seal.h"
#include "tools/cli/chip_options.h"
#include "tools/cli/connect.h"

namespace labrec::recover {

enum class Command {
  kDeviceKey,
  kEnroll,
  kDevice,
  kSeal,
  kRecover,
  kChangePin,
  kHeal,
  kStatus,
  kAttest,
  kDelete,
  kProbe
};

// The command line, checked as far as it can be without reading files. No secret is ever in it.
struct Arguments : cli::RealmOptions {
  Command command = Command::kStatus;
  std::string record = "default";
  uint32_t total_guesses = recovery::client::kDefaultTotalGuesses;
  bool even_if_corrupt = false;         // the total holds against threshold - 1 corrupt realms
  std::optional<uint32_t> guess_limit;  // of each realm, instead of a total
  cli::ChipOptions chip;                // seal
  std::string device_key;
  std::string device_name;
  std::string device_id;      // device revoke, in hex; empty: device list
  std::string authorized_by;  // enroll: key file of an enrolled device
  std::string enroll_device;  // recover: key file of the new device
  std::string public_out;
  std::string secret_file;
  std::string output;
  std::string realm;          // attest: name or id; empty: all
  std::string attest_policy;  // file
  std::string metrics_out;    // probe: file for Prometheus
  bool pin_stdin = false;
  bool allow_missing = false;
  bool active = false;     // recover, change-pin: pass over a pending version
  uint32_t own_tries = 0;  // recover, change-pin, heal: wrong tries that were the person's own
  bool json = false;
};

// The version that --active chooses.
recovery::client::WhichVersion Which(const Arguments& arguments);

// The arguments, or the exit code to end with when help was asked for or they are not usable (a message has
// been written then).
std::variant<Arguments, int> ParseArguments(int argc, char** argv);

}  // namespace labrec::recover

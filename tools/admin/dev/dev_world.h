#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "tools/admin/dev/child.h"
#include "tools/admin/dev/stopping.h"

namespace labrec::admin {

// What realms that are thrown away are made with.
struct DevOptions {
  std::filesystem::path folder;  // everything is in it
  uint32_t realms = 3;
  std::string device = "both";  // "swtpm", "softhsm2": all on it; "both": the third realm on SoftHSM2
  bool ek_certificates = false;
  std::string tenant = "dev";
  std::vector<std::string> accounts;
  std::string first_device = "open";
  std::vector<std::string> origins;  // of web pages
  int64_t lifetime_s = 86400;        // of tokens
};

struct DevRealm {
  std::string name;
  std::string id;  // in hexadecimal
  std::string device;
  std::string address;
  std::string web;  // "unix:PATH"; empty: no origins were given
  std::filesystem::path folder;
  std::optional<Child> daemon;
};

// The parts that all realms share.
class DevWorld {
 public:
  DevWorld(const DevOptions& options, const Stopping& stopping) : options_(options), stopping_(stopping) {}

  const DevOptions& options() const { return options_; }
  const Stopping& stopping() const { return stopping_; }
  std::filesystem::path File(const std::string& name) const { return options_.folder / name; }

  // Runs a program to its end. FAILED_PRECONDITION: it is not there, with the Debian package that has it.
  // INTERNAL: it failed, with the end of what it said. CANCELLED: told to stop meanwhile.
  absl::Status Run(const ProgramToRun& program, const std::string& package) const;

 private:
  const DevOptions& options_;
  const Stopping& stopping_;
};

// A new file for this user alone. ALREADY_EXISTS, and what writing files fails with.
absl::Status WriteNew(const std::filesystem::path& path, const std::string& text);

// Where this program's neighbours are: beside it, in ../sbin, or in PATH.
std::string Neighbour(const std::string& program);

// The last lines of a log, for a message.
std::string EndOf(const std::filesystem::path& log);

}  // namespace labrec::admin

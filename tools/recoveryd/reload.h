#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace labrec::recoveryd {

// What a TOML text sets: "[limits] queue" -> "4096". Empty for what is no TOML.
std::map<std::string, std::string> SettingsIn(std::string_view text);

// SIGHUP and the configuration: takes from the file what can be changed in a process that serves (the log
// level), and says in the log what else was changed and waits for the next start. One thread.
class Reload {
 public:
  // `file` as it was when the process started.
  explicit Reload(std::filesystem::path file);
  // Reads the file again. One that is wrong changes nothing, and the log says what is wrong with it.
  void Run();

 private:
  const std::filesystem::path file_;
  std::map<std::string, std::string> running_;  // what this process works by
};

}  // namespace labrec::recoveryd

#include "tools/recoveryd/reload.h"

#include <set>
#include <sstream>
#include <vector>

#include <spdlog/spdlog.h>
#include <toml++/toml.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "hsm/base/file.h"
#include "tools/recoveryd/config.h"

namespace labrec::recoveryd {
namespace {

constexpr char kLogLevel[] = "[log] level";
constexpr char kTenants[] = "[tenants.";

void Collect(const toml::table& table, const std::string& section,
             std::map<std::string, std::string>& settings) {
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    if (const toml::table* const inner = node.as_table()) {
      Collect(*inner, section.empty() ? name : absl::StrCat(section, ".", name), settings);
      continue;
    }
    std::ostringstream value;
    node.visit([&value](const auto& each) { value << each; });
    settings[absl::StrCat("[", section, "] ", name)] = value.str();
  }
}

// Keys of `one` that `other` lacks, or has with another value.
void AddDifferent(const std::map<std::string, std::string>& one,
                  const std::map<std::string, std::string>& other, std::set<std::string>& keys) {
  for (const auto& [key, value] : one) {
    const auto found = other.find(key);
    if (found == other.end() || found->second != value) keys.insert(key);
  }
}

std::string TextOf(const std::filesystem::path& file) {
  const absl::StatusOr<Bytes> text = ReadFile(file, 1U << 20);
  return text.ok() ? ToString(*text) : std::string();
}

}  // namespace

std::map<std::string, std::string> SettingsIn(std::string_view text) {
  std::map<std::string, std::string> settings;
  try {
    Collect(toml::parse(text), "", settings);
  } catch (const toml::parse_error&) {
    settings.clear();
  }
  return settings;
}

Reload::Reload(std::filesystem::path file) : file_(std::move(file)), running_(SettingsIn(TextOf(file_))) {}

void Reload::Run() {
  const std::string text = TextOf(file_);
  const absl::StatusOr<Config> config = ParseConfig(text, file_);
  if (!config.ok()) {
    for (const std::string& line :
         std::vector<std::string>(absl::StrSplit(std::string(config.status().message()), '\n'))) {
      spdlog::error("SIGHUP: nothing of the configuration is taken: {}", line);
    }
    return;
  }
  const std::map<std::string, std::string> now = SettingsIn(text);
  std::set<std::string> changed;
  AddDifferent(now, running_, changed);
  AddDifferent(running_, now, changed);
  if (changed.erase(kLogLevel) > 0) {
    spdlog::set_level(spdlog::level::from_str(config->log_level));
    spdlog::log(spdlog::get_level(), "SIGHUP: {} is \"{}\" now", kLogLevel, config->log_level);
    running_.erase(kLogLevel);
    if (const auto level = now.find(kLogLevel); level != now.end()) running_.insert(*level);
  }
  for (const std::string& key : changed) {
    if (key.starts_with(kTenants)) continue;  // Daemon::ReloadTenants takes them
    spdlog::warn("SIGHUP: {} was changed in {} and is taken at the next start only", key, file_.string());
  }
}

}  // namespace labrec::recoveryd

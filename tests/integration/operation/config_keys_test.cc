#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/operation/manual_page.h"
#include "tests/support/checkout_paths.h"

// The keys of the daemon's configuration: in the code that reads them, in the manual page, in the example.
namespace labrec::test {
namespace {

constexpr char kCode[] = LABREC_SOURCE_DIR "/tools/recoveryd/config.cc";
constexpr char kCodeOfTenants[] = LABREC_SOURCE_DIR "/tools/recoveryd/tenant_sections.cc";
constexpr char kPage[] = LABREC_SOURCE_DIR "/tools/recoveryd/labyrinth-recoveryd.8";
constexpr char kExample[] = LABREC_SOURCE_DIR "/tools/recoveryd/recoveryd.toml";

using Keys = std::set<std::string>;  // "section.key"

// Every getter of TomlSection that the file calls, under the section that was opened last before it; at first
// under `section`.
Keys KeysIn(const char* code, std::string section) {
  static const std::regex kSection("Section\\(\"([a-z]+)\"\\)|TomlSection section\\((title)");
  static const std::regex kKey(
      "(?:Text|RequiredText|TextOr|Flag|Number|Texts|Numbers)\\(\"([a-z_]+)\"|"
      "[A-Z][A-Za-z]*\\(section, \"([a-z_]+)\"|(Uri)\\(section\\)");
  std::ifstream file(code);
  Keys keys;
  for (std::string line; std::getline(file, line);) {
    std::smatch match;
    if (std::regex_search(line, match, kSection)) section = match[1].matched ? match[1].str() : "tenants.*";
    for (std::sregex_iterator it(line.begin(), line.end(), kKey), end; it != end && !section.empty(); ++it) {
      const std::smatch& found = *it;
      keys.insert(section + "." +
                  (found[1].matched   ? found[1].str()
                   : found[2].matched ? found[2].str()
                                      : "uri"));
    }
  }
  return keys;
}

Keys KeysOfTheCode() {
  Keys keys = KeysIn(kCode, "");
  keys.merge(KeysIn(kCodeOfTenants, "tenants.*"));
  return keys;
}

std::string Named(const std::string& section) {
  return section.starts_with("tenants.") ? "tenants.*" : section;
}

Keys KeysOfThePage() {
  const ManualPage page(kPage);
  static const std::regex kWord("[a-z_]+");
  Keys keys;
  for (const std::string& section : page.Sections()) {
    if (!section.starts_with('[')) continue;
    for (const std::string& tag : page.Tags(section)) {
      for (std::sregex_iterator it(tag.begin(), tag.end(), kWord), end; it != end; ++it) {
        keys.insert(Named(section.substr(1, section.size() - 2)) + "." + it->str());
      }
    }
  }
  return keys;
}

Keys KeysOfTheExample() {
  static const std::regex kSection("^(?:# )?\\[([a-z.]+)\\].*");
  static const std::regex kKey("^(?:# )?([a-z_]+) = .*");
  std::ifstream file(kExample);
  Keys keys;
  std::string section;
  for (std::string line; std::getline(file, line);) {
    std::smatch match;
    if (std::regex_match(line, match, kSection)) section = Named(match[1]);
    if (std::regex_match(line, match, kKey)) keys.insert(section + "." + match[1].str());
  }
  return keys;
}

TEST(ConfigurationKeys, AreTheSameInCodePageAndExample) {
  const Keys code = KeysOfTheCode();
  EXPECT_GE(code.size(), 25U);
  EXPECT_THAT(KeysOfThePage(), testing::ContainerEq(code));
  EXPECT_THAT(KeysOfTheExample(), testing::ContainerEq(code));
}

}  // namespace
}  // namespace labrec::test

#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/process/finished_command.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec::test {

// What people really fed to software like this, by public reports: tests are named by the row of that table.
class RealInputs : public testing::Test {
 protected:
  std::filesystem::path Path(std::string_view name) const { return folder_.path() / name; }
  std::filesystem::path Write(std::string_view name, std::string_view content, unsigned mode = 0600) const;

  // labyrinth-admin with these words.
  static FinishedCommand Admin(std::vector<std::string> words);
  // "realm init" on this device in this folder.
  static FinishedCommand Init(const std::string& device, const std::filesystem::path& state,
                              const std::vector<std::string>& more = {});
  // A program of ours as the user 65533 (a daemon's), with these settings ("NAME=value") in its environment.
  // Only root can become one. What the program reaches has to be that user's.
  FinishedCommand AsService(const char* program, std::vector<std::string> words,
                            const std::vector<std::string>& settings = {}) const;
  static void GiveToService(const std::filesystem::path& folder);
  static void Run(const std::vector<std::string>& command);

  static constexpr unsigned kService = 65533;
  TemporaryFolder folder_;
};

}  // namespace labrec::test

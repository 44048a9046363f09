#include "tools/cli/secret_output.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "hsm/base/file.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec::cli {
namespace {

TEST(SecretOutput, IsCheckedBeforeAPinIsAsked) {
  const test::TemporaryFolder folder;
  EXPECT_TRUE(CheckSecretOutput(folder.path() / "new", false).ok());
  EXPECT_TRUE(CheckSecretOutput(folder.path() / "new", true).ok());
  EXPECT_FALSE(CheckSecretOutput("", true).ok());
  EXPECT_FALSE(CheckSecretOutput(folder.path() / "no-folder" / "new", false).ok());
  ASSERT_TRUE(WriteFile(folder.path() / "old", AsBytes("x"), 0600, Overwrite::kRefuse).ok());
  EXPECT_FALSE(CheckSecretOutput(folder.path() / "old", false).ok());
}

// A file system that is full, read-only or nobody's to write to is seen while the guess is not spent yet.
// Even root makes no file in /proc.
TEST(SecretOutput, WhatCannotBeWrittenIsSeenBeforeAPinIsAsked) {
  const test::TemporaryFolder folder;
  for (const std::string& path :
       std::vector<std::string>{"/proc/secret", folder.path().string() + "/", folder.path().string(),
                                folder.path() / std::string(300, 'n'), "/dev/stdout"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(CheckSecretOutput(path, false))) << path;
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(SecretOutput, WritesAFileForItsOwnerOnly) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "secret";
  ASSERT_TRUE(WriteSecret(path, SecretBytes::CopyOf(AsBytes("storage key"))).ok());
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_EQ(ToString(*ReadFile(path)), "storage key");
}

}  // namespace
}  // namespace labrec::cli

#include "recovery/client/device_key.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "hsm/base/file.h"
#include "tests/support/temporary_folder.h"
#include "tools/cli/secret_output.h"

namespace labrec::recovery::client {
namespace {

TEST(DeviceKey, ComesBackFromItsFile) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "device.key";
  const DeviceKey key = DeviceKey::Make();
  ASSERT_TRUE(key.Save(path).ok());
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  const auto loaded = DeviceKey::Load(path);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->public_key(), key.public_key());
  EXPECT_TRUE(absl::IsAlreadyExists(DeviceKey::Make().Save(path)));
}

TEST(DeviceKey, RefusesWhatIsNone) {
  const test::TemporaryFolder folder;
  EXPECT_TRUE(absl::IsNotFound(DeviceKey::Load(folder.path() / "none").status()));
  ASSERT_TRUE(WriteFile(folder.path() / "junk", AsBytes("junk"), 0600, Overwrite::kRefuse).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(DeviceKey::Load(folder.path() / "junk").status()));
  ASSERT_TRUE(DeviceKey::Make().Save(folder.path() / "open").ok());
  ASSERT_EQ(chmod((folder.path() / "open").c_str(), 0644), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(DeviceKey::Load(folder.path() / "open").status()));
}

TEST(DeviceKey, SignsWithItsId) {
  const DeviceKey key = DeviceKey::Make();
  const v1::Signature signature = key.Sign(Bytes(16, 1), AsBytes("challenge"), AsBytes("message"));
  EXPECT_EQ(signature.challenge(), "challenge");
  EXPECT_EQ(signature.device_id(), ToString(key.public_key().DeviceId()));
  EXPECT_TRUE(key.public_key().Verify(AsBytes("message"), AsBytes(signature.signature())));
}

TEST(SecretOutput, IsCheckedBeforeAPinIsAsked) {
  using recover::CheckSecretOutput;
  const test::TemporaryFolder folder;
  EXPECT_TRUE(CheckSecretOutput(folder.path() / "new", false).ok());
  EXPECT_TRUE(CheckSecretOutput(folder.path() / "new", true).ok());
  EXPECT_FALSE(CheckSecretOutput("", true).ok());
  EXPECT_FALSE(CheckSecretOutput(folder.path() / "no-folder" / "new", false).ok());
  ASSERT_TRUE(WriteFile(folder.path() / "old", AsBytes("x"), 0600, Overwrite::kRefuse).ok());
  EXPECT_FALSE(CheckSecretOutput(folder.path() / "old", false).ok());
}

TEST(SecretOutput, WritesAFileForItsOwnerOnly) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "secret";
  ASSERT_TRUE(recover::WriteSecret(path, SecretBytes::CopyOf(AsBytes("storage key"))).ok());
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_EQ(ToString(*ReadFile(path)), "storage key");
}

}  // namespace
}  // namespace labrec::recovery::client

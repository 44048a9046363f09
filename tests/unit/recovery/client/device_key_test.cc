#include "recovery/client/base/device_key.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "hsm/base/file.h"
#include "pin/sharing/commitment.h"
#include "recovery/client/base/record_authority.h"
#include "tests/support/process/temporary_folder.h"

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
  const RequestSignature made = key.Sign(Bytes(16, 1), AsBytes("message"));
  EXPECT_EQ(std::get<0>(made.signer), key.public_key().DeviceId());
  EXPECT_TRUE(key.public_key().Verify(AsBytes("message"), made.signature));
}

TEST(RecordAuthority, SignsByTheUnlockKeyOfItsVersion) {
  const RecordAuthority authority(SecretBytes::Random(pin::kSharedSecretSize), "main", 3);
  const Bytes realm_id(16, 1);
  const RequestSignature made = authority.Sign(realm_id, AsBytes("message"));
  const auto* name = std::get_if<UnlockKeyName>(&made.signer);
  ASSERT_NE(name, nullptr);
  EXPECT_EQ(name->record, "main");
  EXPECT_EQ(name->version, 3U);
  const EcdsaPublicKey key = pin::UnlockKey(authority.s(), realm_id, 3).public_key();
  EXPECT_TRUE(key.Verify(AsBytes("message"), made.signature));
}

}  // namespace
}  // namespace labrec::recovery::client

#include "recovery/realm/folder.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "hsm/base/file.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec::recovery {
namespace {

using testing::HasSubstr;

RealmManifest Example() {
  RealmManifest manifest;
  manifest.realm_id = Bytes(16, 7);
  manifest.name = "north";
  manifest.created_at_ms = 1'700'000'000'123;
  manifest.bucket_exponent = 12;
  manifest.device = {"tpm2:device:/dev/tpmrm0", {R"({"a":1,"b":"x"})"}};
  manifest.anchor = RealmDevice{"pkcs11:token=t", {R"({"c":[2]})"}};
  return manifest;
}

TEST(RealmManifest, RoundTrip) {
  const auto read = RealmManifestFromJson(ToJson(Example()));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->realm_id, Example().realm_id);
  EXPECT_EQ(read->name, "north");
  EXPECT_EQ(read->created_at_ms, Example().created_at_ms);
  EXPECT_EQ(read->bucket_exponent, 12U);
  EXPECT_EQ(read->device.uri, Example().device.uri);
  EXPECT_EQ(read->device.state.json, Example().device.state.json);
  ASSERT_TRUE(read->anchor);
  EXPECT_EQ(read->anchor->state.json, Example().anchor->state.json);
}

TEST(RealmManifest, EachMemberIsChecked) {
  const nlohmann::json good = nlohmann::json::parse(ToJson(Example()));
  const std::pair<const char*, nlohmann::json> wrong[] = {
      {"format", 2},          {"realm_id", "00"},      {"realm_id", 5}, {"name", "a b"},
      {"created_at_ms", "x"}, {"bucket_exponent", 21}, {"device", "x"}, {"device", {{"uri", "x"}}},
      {"anchor", 1},          {"surprise", 1},
  };
  for (const auto& [member, value] : wrong) {
    nlohmann::json changed = good;
    changed[member] = value;
    const auto read = RealmManifestFromJson(changed.dump());
    ASSERT_FALSE(read.ok()) << member << value;
    EXPECT_THAT(std::string(read.status().message()), HasSubstr(member));
  }
  for (const char* member : {"format", "realm_id", "name", "created_at_ms", "bucket_exponent", "device"}) {
    nlohmann::json changed = good;
    changed.erase(member);
    EXPECT_FALSE(RealmManifestFromJson(changed.dump()).ok()) << member;
  }
  EXPECT_FALSE(RealmManifestFromJson("{").ok());
}

TEST(RealmFolder, WritesAndReads) {
  const labrec::test::TemporaryFolder temporary;
  const RealmFolder folder(temporary.path());
  EXPECT_TRUE(absl::IsNotFound(folder.ReadManifest().status()));
  ASSERT_TRUE(folder.WriteManifest(Example()).ok());
  EXPECT_FALSE(folder.WriteManifest(Example()).ok()) << "a realm is never overwritten";
  EXPECT_TRUE(folder.ReadManifest().ok());

  const SecretBytes authorization = NewAuthorization();
  ASSERT_TRUE(folder.WriteDeviceAuth(authorization).ok());
  const auto read = folder.ReadDeviceAuth();
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->Equals(authorization.view()));
  struct stat found {};
  ASSERT_EQ(stat(folder.DeviceAuthPath().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
}

TEST(RealmFolder, AFolderOthersCanEnterIsRefused) {
  const labrec::test::TemporaryFolder temporary;
  const RealmFolder folder(temporary.path());
  ASSERT_TRUE(folder.WriteManifest(Example()).ok());
  ASSERT_EQ(chmod(temporary.path().c_str(), 0750), 0);
  const auto read = folder.ReadManifest();
  EXPECT_TRUE(absl::IsFailedPrecondition(read.status()));
  EXPECT_THAT(std::string(read.status().message()), HasSubstr("chmod 0700"));
}

TEST(RealmFolder, ATruncatedAuthorizationIsRefused) {
  const labrec::test::TemporaryFolder temporary;
  const RealmFolder folder(temporary.path());
  ASSERT_TRUE(WriteFile(folder.DeviceAuthPath(), Bytes(31, 1), 0600, Overwrite::kRefuse).ok());
  EXPECT_THAT(std::string(folder.ReadDeviceAuth().status().message()), HasSubstr("31 bytes"));
}

TEST(RealmFolder, AuthorizationsNeverEndInZero) {
  for (int i = 0; i < 2000; ++i) EXPECT_NE(NewAuthorization().view().back(), 0);
}

TEST(RealmLock, OneAtATime) {
  const labrec::test::TemporaryFolder temporary;
  const RealmFolder folder(temporary.path());
  {
    const auto first = RealmLock::Take(folder);
    ASSERT_TRUE(first.ok()) << first.status();
    EXPECT_TRUE(absl::IsFailedPrecondition(RealmLock::Take(folder).status()));
  }
  EXPECT_TRUE(RealmLock::Take(folder).ok());
}

}  // namespace
}  // namespace labrec::recovery

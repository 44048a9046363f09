#include <filesystem>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"

#include "hsm/base/file.h"
#include "tests/integration/server/test.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/process/finished_command.h"

// device enroll-list: many devices from a CSV file.
namespace labrec::test {
namespace {

using testing::HasSubstr;

class EnrollList : public ServerTest {
 protected:
  void SetUp() override {
    RealmFixture::Options options;
    options.first_device = "admin";
    StartRealm(options);
    ASSERT_NE(realm_, nullptr);
  }
  static std::string KeyField(const EcdsaPublicKey& key) {
    const Bytes spki = key.Spki();
    return absl::Base64Escape(std::string(AsText(spki)));
  }
  FinishedCommand Run(const std::string& text) const {
    const std::filesystem::path list = realm_->state().parent_path() / "list.csv";
    EXPECT_TRUE(WriteFile(list, AsBytes(text), 0600, Overwrite::kReplace).ok());
    return RunCommand({LABREC_BIN_DIR "/labyrinth-admin", "device", "enroll-list", "--list", list, "--socket",
                       realm_->admin_socket(), "--json"});
  }
  static constexpr char kHeader[] = "tenant,account,public_key,name\n";
};
LABREC_ON_EVERY_DEVICE(EnrollList);

// 2500 accounts, one key: three commits.
TEST_P(EnrollList, AThousandInOneCommit) {
  const std::string key = KeyField(EcdsaPrivateKey::Generate().public_key());
  std::string text = kHeader;
  for (int i = 0; i < 2500; ++i) absl::StrAppend(&text, "chat,user", i, ",", key, ",\n");
  const FinishedCommand ended = Run(text);
  ASSERT_EQ(ended.code, 0) << ended.err;
  const Json report = Json::parse(ended.out);
  EXPECT_EQ(report["enrolled"], 2500);
  EXPECT_LE(report["anchors"], 3);
  // The same again, as after a break, enrols nobody and writes no anchor.
  const Json again = Json::parse(Run(text).out);
  EXPECT_EQ(again["enrolled"], 0);
  EXPECT_EQ(again["already"], 2500);
  EXPECT_EQ(again["anchors"], 0);
  EXPECT_EQ(Admin({"account", "list"})["accounts"].size(), 2500U);
}

TEST_P(EnrollList, BadLinesAreNamedAndTheOthersGoOn) {
  ApiClient ann(*realm_, "Ann \"A\", née B");
  const std::string key = KeyField(ann.device.public_key());
  const std::string text = absl::StrCat("\xEF\xBB\xBFtenant,account,public_key,name\r\n",              // 1
                                        "chat,\"Ann \"\"A\"\", née B\",", key, ",\"her, phone\"\r\n",  // 2
                                        "\r\n",                                                        // 3
                                        "chat,bob,", key.substr(0, 40), ",\n",                         // 4
                                        "chat,bob\n",                                                  // 5
                                        "typo,bob,", key, ",\n",                                       // 6
                                        "chat,\"bob,", key, ",\n",                                     // 7
                                        "chat,,", key, ",\n",                                          // 8
                                        "chat,carl,", key, ",");                                       // 9
  const FinishedCommand ended = Run(text);
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, HasSubstr("5 lines were refused"));
  const Json report = Json::parse(ended.out);
  EXPECT_EQ(report["enrolled"], 2);
  std::string refused;
  for (const Json& each : report["refusals"]) {
    absl::StrAppend(&refused, each["line"].get<int>(), ":", each["why"].get<std::string>(), "\n");
  }
  for (const char* words : {"4:public_key is no P-256 key", "5:has 2 fields", "6:there is no tenant \"typo\"",
                            "7:a quote does not end", "8:account: a name has 1 to"}) {
    EXPECT_THAT(refused, HasSubstr(words));
  }
  const auto signed_in = ann.SetUp();
  EXPECT_TRUE(signed_in.ok()) << signed_in.error_message();
}

TEST_P(EnrollList, WhatIsNoList) {
  for (const std::string text : {"", "account,public_key\n", "\n", "chat,a,b,c\n"}) {
    const FinishedCommand ended = Run(text);
    EXPECT_EQ(ended.code, 2) << text;
    EXPECT_EQ(ended.out, "") << text;
    EXPECT_THAT(ended.err, HasSubstr("its first line has to be"));
  }
}

}  // namespace
}  // namespace labrec::test

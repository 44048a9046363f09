#include "recovery/client/base/realm_address.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hsm/base/encoding.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec::recovery::client {
namespace {

using testing::HasSubstr;

constexpr char kCertificate[] = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";

class RealmListFile : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_.path() / "ca.pem") << kCertificate;
    std::ofstream(folder_.path() / "empty.pem") << "nothing";
  }
  absl::StatusOr<RealmList> Parse(const std::string& text) {
    return ParseRealmList(text, folder_.path() / "realms.toml");
  }
  // The message of the error that `text` gives.
  std::string Error(const std::string& text) {
    const auto list = Parse(text);
    if (list.ok()) return "no error";
    EXPECT_TRUE(absl::IsInvalidArgument(list.status())) << list.status();
    return std::string(list.status().message());
  }

  test::TemporaryFolder folder_;
};

constexpr char kAlpha[] =
    "[[realm]]\n"
    "id = \"000102030405060708090a0b0c0d0e0f\"\n"
    "name = \"alpha\"\n"
    "address = \"alpha.example:7443\"\n"
    "ca_certificate = \"ca.pem\"\n";
constexpr char kBeta[] =
    "[[realm]]\n"
    "id = \"f00102030405060708090a0b0c0d0e0f\"\n"
    "address = \"localhost:7444\"\n"
    "ca_certificate = \"ca.pem\"\n"
    "server_name = \"beta.example\"\n"
    "token_file = \"beta.jwt\"\n";

TEST_F(RealmListFile, ReadsEveryKey) {
  const auto list = Parse("threshold = 2\n" + std::string(kAlpha) + kBeta);
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->realms.size(), 2U);
  EXPECT_EQ(list->threshold, 2U);
  const RealmAddress& alpha = list->realms[0];
  EXPECT_EQ(Hex(alpha.id), "000102030405060708090a0b0c0d0e0f");
  EXPECT_EQ(alpha.name, "alpha");
  EXPECT_EQ(alpha.address, "alpha.example:7443");
  EXPECT_EQ(alpha.ca_pem, kCertificate);
  EXPECT_EQ(alpha.server_name, "");
  EXPECT_FALSE(alpha.token_file.has_value());
  const RealmAddress& beta = list->realms[1];
  EXPECT_EQ(beta.name, "f00102030405060708090a0b0c0d0e0f");
  EXPECT_EQ(beta.server_name, "beta.example");
  EXPECT_EQ(beta.token_file, folder_.path() / "beta.jwt");
}

TEST_F(RealmListFile, NamesATokenCommand) {
  const auto list = Parse("token_command = [\"chat\", \"token\"]\n" + std::string(kAlpha));
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(list->token_command, (std::vector<std::string>{"chat", "token"}));
  const auto beside = Parse("token_command = [\"bin/chat\"]\n" + std::string(kAlpha));
  ASSERT_TRUE(beside.ok()) << beside.status();
  EXPECT_EQ(beside->token_command.front(), folder_.path() / "bin/chat") << "from the list's folder";
  for (const char* wrong : {"[]", "\"chat token\"", "[1]", "[\"\"]", "[\"chat\", 1]"}) {
    EXPECT_THAT(Error("\ntoken_command = " + std::string(wrong) + "\n" + kAlpha),
                HasSubstr(":2: token_command must be a list of texts"));
  }
}

TEST_F(RealmListFile, ThresholdMayBeLeftOut) {
  const auto list = Parse(kAlpha);
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_FALSE(list->threshold.has_value());
}

TEST_F(RealmListFile, NamesFileLineAndKey) {
  const std::string file = (folder_.path() / "realms.toml").string();
  EXPECT_THAT(Error("treshold = 2\n" + std::string(kAlpha)),
              HasSubstr(file + ":1: unknown key \"treshold\""));
  EXPECT_THAT(Error(std::string(kAlpha) + "adress = 1\n"), HasSubstr(":6: unknown realm key \"adress\""));
  EXPECT_THAT(Error("[[realm]]\nid = \"00\"\naddress = \"a:1\"\nca_certificate = \"ca.pem\"\n"),
              HasSubstr(":2: realm key \"id\" must be 32 hexadecimal digits"));
  EXPECT_THAT(Error("[[realm]]\nid = 5\n"), HasSubstr(":2: realm key \"id\" must be a text"));
  EXPECT_THAT(Error("[[realm]]\nid = \"000102030405060708090a0b0c0d0e0f\"\n"),
              HasSubstr(":1: realm key \"address\" is missing"));
  EXPECT_THAT(Error(std::string(kAlpha) + kAlpha),
              HasSubstr(":6: realm id 000102030405060708090a0b0c0d0e0f"));
  EXPECT_THAT(Error("threshold = 3\n" + std::string(kAlpha) + kBeta), HasSubstr(":1: threshold must be"));
  EXPECT_THAT(Error("threshold = \"2\"\n" + std::string(kAlpha) + kBeta), HasSubstr(":1: threshold must be"));
  EXPECT_THAT(Error("threshold = 0\n" + std::string(kAlpha)), HasSubstr(":1: threshold must be"));
  EXPECT_THAT(Error("realm = 1\n"), HasSubstr("no realm"));
  EXPECT_THAT(Error("realm = [1]\n"), HasSubstr("write [[realm]]"));
  EXPECT_THAT(Error("\n\nx = = 1\n"), HasSubstr(":3: not TOML"));
  EXPECT_THAT(Error(""), HasSubstr("no realm"));
}

TEST_F(RealmListFile, TakesHostAndPort) {
  const auto address = [&](const std::string& text) {
    std::string list = kAlpha;
    list.replace(list.find("alpha.example:7443"), 18, text);
    return list;
  };
  for (const char* wrong :
       {"https://alpha.example:7443", "alpha.example", "::1:17443", "localhost:99999", "[::1]", "localhost:0",
        "127.1:7443", "dns:///alpha.example:7443", "alpha.example:7443/"}) {
    EXPECT_THAT(Error(address(wrong)), HasSubstr(":4: realm key \"address\" must be host:port")) << wrong;
  }
  EXPECT_EQ(Parse(address("[0:0:0:0:0:0:0:1]:17443"))->realms[0].address, "[::1]:17443");
  EXPECT_EQ(Parse(address("unix:/run/realm"))->realms[0].address, "unix:/run/realm");
}

TEST_F(RealmListFile, ChecksCertificates) {
  std::string text = kAlpha;
  text.replace(text.find("ca.pem"), 6, "gone.pem");
  EXPECT_THAT(Error(text), HasSubstr(":5: realm key \"ca_certificate\""));
  text.replace(text.find("gone.pem"), 8, "empty.pem");
  EXPECT_THAT(Error(text), HasSubstr("holds no PEM certificate"));
}

TEST_F(RealmListFile, TakesSixteenRealmsAndNoMore) {
  std::string text;
  for (char digit : std::string("0123456789abcdef")) {
    std::string realm = kAlpha;
    realm[realm.find("0001")] = digit;
    text += realm;
  }
  EXPECT_TRUE(Parse(text).ok());
  std::string another = kAlpha;
  another[another.find("0001") + 1] = '1';
  EXPECT_THAT(Error(text + another), HasSubstr("more than 16 realms"));
}

TEST(Majority, IsMoreThanHalf) {
  EXPECT_EQ(Majority(1), 1U);
  EXPECT_EQ(Majority(2), 2U);
  EXPECT_EQ(Majority(3), 2U);
  EXPECT_EQ(Majority(4), 3U);
  EXPECT_EQ(Majority(5), 3U);
}

}  // namespace
}  // namespace labrec::recovery::client

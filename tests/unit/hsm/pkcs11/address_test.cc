#include "hsm/pkcs11/token/address.h"

#include <cstring>
#include <string_view>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "hsm/base/file.h"

namespace labrec::hsm::pkcs11 {
namespace {

constexpr char kModule[] = "module-path=/usr/lib/token.so";

absl::StatusOr<TokenAddress> Parse(const std::string& uri) {
  return TokenAddress::Parse(uri);
}

template <size_t kSize>
void Pad(unsigned char (&field)[kSize], std::string_view text) {
  std::memset(field, ' ', kSize);
  std::memcpy(field, text.data(), text.size());
}

CK_TOKEN_INFO TokenCalled(std::string_view label, std::string_view serial) {
  CK_TOKEN_INFO info{};
  Pad(info.label, label);
  Pad(info.serialNumber, serial);
  Pad(info.manufacturerID, "maker");
  Pad(info.model, "model");
  return info;
}

TEST(Pkcs11Address, NamesModuleAndToken) {
  const auto address =
      Parse("pkcs11:token=a%20realm;serial=12?module-path=/usr/lib/token.so&pin-source=file:/etc/pin");
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_EQ(address->module_path(), "/usr/lib/token.so");
  EXPECT_EQ(address->parallelism(), 2);
  EXPECT_TRUE(address->Matches(0, TokenCalled("a realm", "12")));
  EXPECT_FALSE(address->Matches(0, TokenCalled("a realm", "13")));
  EXPECT_FALSE(address->Matches(0, TokenCalled("another realm", "12")));
}

TEST(Pkcs11Address, NamesASlot) {
  const auto address = Parse(std::string("pkcs11:slot-id=7?") + kModule);
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_TRUE(address->Matches(7, TokenCalled("a", "1")));
  EXPECT_FALSE(address->Matches(8, TokenCalled("a", "1")));
}

TEST(Pkcs11Address, BoundsParallelism) {
  EXPECT_EQ(Parse(std::string("pkcs11:?x-parallelism=16&") + kModule)->parallelism(), 16);
  for (const char* wrong : {"0", "65", "-1", "two", "", "1e1"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(
        Parse(std::string("pkcs11:?") + kModule + "&x-parallelism=" + wrong).status()))
        << wrong;
  }
}

TEST(Pkcs11Address, RefusesWhatItDoesNotUnderstand) {
  for (const std::string& wrong : {
           std::string("pkcs11:token=a"),                                   // no module
           std::string("pkcs11:token=a?module-path=token.so"),              // not absolute
           std::string("pkcs11:token=a?module-name=token&") + kModule,      // another way to name a module
           std::string("pkcs11:tokne=a?") + kModule,                        // would match any token
           std::string("pkcs11:token=a?pin-sorce=file:/p&") + kModule,      // would be silently ignored
           std::string("pkcs11:token=a?pin-value=1234&") + kModule,         // stands in process lists
           std::string("pkcs11:token=a?pin-source=%7Ccommand&") + kModule,  // "|command"
           std::string("pkcs11:token=a?pin-source=file:pin&") + kModule,    // not absolute
           std::string("pkcs11:token=a;object=key?") + kModule,
           std::string("pkcs11:token=a;type=private?") + kModule,
           std::string("pkcs11:token=%zz?") + kModule,
           std::string("tpm2:device:/dev/tpm0"),
           std::string(""),
       }) {
    EXPECT_TRUE(absl::IsInvalidArgument(Parse(wrong).status())) << wrong << ": " << Parse(wrong).status();
  }
}

TEST(Pkcs11Address, DoesNotRepeatThePinItRefuses) {
  const auto refused = Parse(std::string("pkcs11:token=a?pin-value=hunter2&") + kModule);
  EXPECT_EQ(refused.status().ToString().find("hunter2"), std::string::npos);
}

class PinFile : public testing::Test {
 protected:
  PinFile() {
    char name[] = "/tmp/labrec-pin-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~PinFile() override { std::filesystem::remove_all(folder_); }

  absl::StatusOr<SecretBytes> PinOf(std::string_view content, unsigned mode = 0600) {
    const std::filesystem::path path = folder_ / "pin";
    EXPECT_TRUE(WriteFile(path, AsBytes(content), mode, Overwrite::kReplace).ok());
    const auto address = Parse("pkcs11:?" + std::string(kModule) + "&pin-source=file:" + path.string());
    if (!address.ok()) return address.status();
    return address->ReadPin();
  }

  std::filesystem::path folder_;
};

TEST_F(PinFile, IsReadWithoutLineEnd) {
  for (const char* content : {"1234", "1234\n", "1234\r\n"}) {
    const auto pin = PinOf(content);
    ASSERT_TRUE(pin.ok()) << pin.status();
    EXPECT_TRUE(pin->Equals(AsBytes("1234")));
  }
  EXPECT_TRUE(PinOf(" 12 34 ")->Equals(AsBytes(" 12 34 ")));
}

TEST_F(PinFile, MustBePrivateAndHoldOne) {
  EXPECT_TRUE(absl::IsFailedPrecondition(PinOf("1234", 0644).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(PinOf("\n").status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(PinOf("").status()));
}

TEST_F(PinFile, MustBeNamed) {
  EXPECT_TRUE(absl::IsFailedPrecondition(Parse(std::string("pkcs11:?") + kModule)->ReadPin().status()));
}

TEST_F(PinFile, MayBeWrittenInBothFormsOfAFileUri) {
  ASSERT_TRUE(WriteFile(folder_ / "pin", AsBytes("77"), 0600, Overwrite::kReplace).ok());
  for (const std::string form : {"file:", "file://", ""}) {
    const auto address =
        Parse("pkcs11:?" + std::string(kModule) + "&pin-source=" + form + folder_.string() + "/pin");
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_TRUE(address->ReadPin().ok()) << form;
  }
}

}  // namespace
}  // namespace labrec::hsm::pkcs11

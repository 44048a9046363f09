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

// p11-kit knows all of these, and compares none but the token's own.
TEST(Pkcs11Address, RefusesWhatTheChoiceDoesNotCompare) {
  for (const std::string path :
       {"slot-description=a", "slot-manufacturer=a", "library-manufacturer=a", "library-description=a",
        "library-version=3", "id=%01", "type=cert", "object=a", "x-vendor=a", "Token=a", "tok%65n=a"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Parse("pkcs11:token=a;" + path + "?" + kModule).status())) << path;
    EXPECT_TRUE(absl::IsInvalidArgument(Parse("pkcs11:" + path + "?" + kModule).status())) << path;
  }
}

TEST(Pkcs11Address, TakesEachAttributeOnceAndInItsOwnHalf) {
  for (const std::string& wrong : {
           std::string("pkcs11:token=a;token=b?") + kModule,
           std::string("pkcs11:token=a;token=a?") + kModule,
           std::string("pkcs11:slot-id=1;token=a;slot-id=2?") + kModule,
           std::string("pkcs11:token=a?") + kModule + "&" + kModule,
           std::string("pkcs11:token=a?pin-source=/a&pin-source=/b&") + kModule,
           std::string("pkcs11:token=a?x-parallelism=2&x-parallelism=3&") + kModule,
           std::string("pkcs11:token=a;module-path=/usr/lib/token.so"),
           std::string("pkcs11:token=a;pin-source=/p?") + kModule,
           std::string("pkcs11:token=a;x-parallelism=2?") + kModule,
           std::string("pkcs11:?token=a&") + kModule,
           std::string("pkcs11:?slot-id=1&") + kModule,
           std::string("pkcs11:token=a;?") + kModule,
           std::string("pkcs11:;token=a?") + kModule,
           std::string("pkcs11:token=a;;serial=1?") + kModule,
           std::string("pkcs11:token=a?&") + kModule,
           std::string("pkcs11:token=a?") + kModule + "&",
           std::string("pkcs11:token?") + kModule,
           std::string("pkcs11:token=a?") + kModule + "&x-parallelism",
           std::string("pkcs11:token=a?") + kModule + ";pin-source=/p",
       }) {
    EXPECT_TRUE(absl::IsInvalidArgument(Parse(wrong).status())) << wrong << ": " << Parse(wrong).status();
  }
}

// p11-kit drops blanks and line ends from values, and so means another token, module or file.
TEST(Pkcs11Address, TakesValuesAsTheyAreWritten) {
  for (const std::string value :
       {"a b", " a",  "a ",   "a\n",      "a\r\n", "a\tb", "a\x0b", "a\"b",  "a#b", "a<b", "a\\b",
        "a^b", "a`b", "a{b}", "\xc3\xa4", "a%",    "a%2",  "a%2g",  "a%00b", "%00", ""}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Parse("pkcs11:token=" + value + "?" + kModule).status())) << value;
    EXPECT_TRUE(absl::IsInvalidArgument(
        Parse("pkcs11:token=a?module-path=/usr/lib/" + value + (value.empty() ? "%" : "")).status()))
        << value;
  }
  const auto escaped = Parse(std::string("pkcs11:token=%61%20b%3b%C3%a4%25;serial=(1):+[2]?") + kModule);
  ASSERT_TRUE(escaped.ok()) << escaped.status();
  EXPECT_TRUE(escaped->Matches(0, TokenCalled("a b;\xc3\xa4%", "(1):+[2]")));
  EXPECT_FALSE(escaped->Matches(0, TokenCalled("ab;\xc3\xa4%", "(1):+[2]")));
  EXPECT_EQ(Parse("pkcs11:?module-path=/usr/lib/a%20b%2520.so")->module_path(), "/usr/lib/a b%20.so");
}

TEST(Pkcs11Address, ComparesAllThatItTakes) {
  const auto fits = [](const std::string& path) {
    return Parse("pkcs11:" + path + "?" + kModule)->Matches(7, TokenCalled("a", "1"));
  };
  EXPECT_TRUE(fits("token=a;serial=1;manufacturer=maker;model=model;slot-id=7"));
  for (const char* other : {"token=b", "token=aa", "token=A", "serial=11", "serial=01", "manufacturer=Maker",
                            "manufacturer=make", "model=model2", "model=mode", "slot-id=8", "slot-id=0"}) {
    EXPECT_FALSE(fits(other)) << other;
  }
}

TEST(Pkcs11Address, RefusesWhatNoTokenHas) {
  EXPECT_TRUE(Parse("pkcs11:token=" + std::string(32, 'a') + "?" + kModule).ok());
  EXPECT_TRUE(Parse("pkcs11:serial=" + std::string(16, '1') + "?" + kModule).ok());
  for (const std::string& wrong :
       {"token=" + std::string(33, 'a'), "manufacturer=" + std::string(33, 'a'),
        "serial=" + std::string(17, '1'), "model=" + std::string(17, 'a'), std::string("slot-id="),
        std::string("slot-id=0x7"), std::string("slot-id=-1"), std::string("slot-id=+7"),
        std::string("slot-id=%207"), std::string("slot-id=7%0A"), std::string("slot-id=18446744073709551615"),
        std::string("slot-id=18446744073709551616")}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Parse("pkcs11:" + wrong + "?" + kModule).status())) << wrong;
  }
  for (const char* wrong : {"%202", "+2", "2%0A", "0x2"}) {
    const auto parsed = Parse(std::string("pkcs11:?") + kModule + "&x-parallelism=" + wrong);
    EXPECT_TRUE(absl::IsInvalidArgument(parsed.status())) << wrong;
  }
}

TEST(Pkcs11Address, TellsTheModuleWhatItWantsToHear) {
  EXPECT_EQ(Parse(std::string("pkcs11:?") + kModule)->init_args(), "");
  const auto address =
      Parse(std::string("pkcs11:?x-init-args=configdir='sql:/etc/nss'%20flags=readOnly&") + kModule);
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_EQ(address->init_args(), "configdir='sql:/etc/nss' flags=readOnly");
  EXPECT_TRUE(absl::IsInvalidArgument(Parse(std::string("pkcs11:?x-init-args=&") + kModule).status()));
}

TEST(Pkcs11Address, DoesNotRepeatThePinItRefuses) {
  for (const std::string& wrong :
       {std::string("pkcs11:token=a?pin-value=hunter2&"), std::string("pkcs11:token=a;pin-value=hunter2?"),
        std::string("pkcs11:pin-value=hunter2?"), std::string("pkcs11:token=a?pin-value:hunter2&"),
        std::string("pkcs11:token=a?pin-value=hunter2 &"), std::string("pkcs11:token=a;pin-value%3Dhunter2?"),
        std::string("pkcs11:token=a;PIN-VALUE=hunter2?"), std::string("pkcs11:token=a?pin_value=hunter2&")}) {
    const auto refused = Parse(wrong + kModule);
    EXPECT_TRUE(absl::IsInvalidArgument(refused.status())) << wrong;
    EXPECT_EQ(refused.status().ToString().find("hunter2"), std::string::npos) << wrong;
  }
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

// A token counts a wrong PIN, and locks itself after a few: a slip is found before it is asked.
TEST_F(PinFile, HoldsOneLineOfText) {
  for (const std::string_view slip : {std::string_view("1234\n\n"), std::string_view("1234\r"),
                                      std::string_view("12\n34"), std::string_view("12\r\n34\n"),
                                      std::string_view("\xef\xbb\xbf"
                                                       "1234"),
                                      std::string_view("\xff\xfe"
                                                       "1\0002\0003\0004\000",
                                                       10),
                                      std::string_view("1234\0", 5)}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(PinOf(slip).status())) << PinOf(slip).status();
  }
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

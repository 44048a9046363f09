#include "recovery/api/names.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hsm/base/encoding.h"
#include "recovery/api/limits.h"
#include "recovery/record/codec/row_key.h"

namespace labrec::recovery {
namespace {

TEST(Names, RecordNames) {
  for (const char* good : {"a", "main", "A-Z_0.9", "."}) EXPECT_TRUE(IsRecordName(good)) << good;
  for (const char* bad : {"", "a b", "a/b", "\xC3\xA4", "a\n"}) EXPECT_FALSE(IsRecordName(bad)) << bad;
  EXPECT_TRUE(IsRecordName(std::string(64, 'a')));
  EXPECT_FALSE(IsRecordName(std::string(65, 'a')));
}

TEST(Names, IdentifiersAreUtf8WithoutControlCharacters) {
  for (const char* good : {"alice", "a@b.example", "Zo\xC3\xAB", "\xE6\x97\xA5", "\xF0\x9F\x98\x80", " "}) {
    EXPECT_TRUE(IsIdentifier(good)) << good;
  }
  const std::string bad[] = {"",
                             "a\n",
                             std::string("a\0b", 3),
                             "\x7F",
                             "\xC2\x85",
                             "\xC0\xAF",
                             "\xE0\x80\xAF",
                             "\xED\xA0\x80",
                             "\xFF",
                             "\xF4\x90\x80\x80",
                             "a\xC3",
                             "\x80",
                             "\xF0\x80\x80\xAF",
                             "\xF8\x88\x80\x80\x80"};
  for (const std::string& text : bad) EXPECT_FALSE(IsIdentifier(text)) << Hex(AsBytes(text));
  EXPECT_TRUE(IsIdentifier(std::string(128, 'a')));
  EXPECT_FALSE(IsIdentifier(std::string(129, 'a')));
}

TEST(Names, DeviceNamesMayBeEmpty) {
  EXPECT_TRUE(IsDeviceName(""));
  EXPECT_TRUE(IsDeviceName(std::string(64, 'x')));
  EXPECT_FALSE(IsDeviceName(std::string(65, 'x')));
  EXPECT_FALSE(IsDeviceName("\x1B[2J"));
}

TEST(Names, StatusesNameTheSubjectAndTheRule) {
  EXPECT_TRUE(CheckName({"t", "a", "r"}).ok());
  const std::pair<const char*, RecordName> cases[] = {
      {"tenant", {"", "a", "r"}}, {"account", {"t", "a\n", "r"}}, {"record", {"t", "a", "r r"}}};
  for (const auto& [what, name] : cases) {
    const absl::Status status = CheckName(name);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), testing::StartsWith(what));
  }
  EXPECT_THAT(std::string(CheckDeviceName("\n").message()), testing::HasSubstr("64"));
}

TEST(Limits, Guesses) {
  for (const uint32_t good : {1U, 20U}) EXPECT_TRUE(CheckGuessLimit("limit", good).ok()) << good;
  for (const uint32_t bad : {0U, 21U}) {
    const absl::Status status = CheckGuessLimit("limit", bad);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr("limit: must be 1 to 20"));
  }
}

TEST(RowKey, IsTheDocumentedHash) {
  EXPECT_EQ(AccountHash("t", "a"), Sha256(std::string("\0\1t\0\1a", 6)));
  EXPECT_EQ(AccountRowKey("t", "a"), Sha256(std::string("\0\7account\0\1t\0\1a\0\0", 17)));
  EXPECT_EQ(RecordRowKey({"t", "a", "r"}), Sha256(std::string("\0\6record\0\1t\0\1a\0\1r", 17)));
}

}  // namespace
}  // namespace labrec::recovery

#include "hsm/base/encoding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace labrec {
namespace {

TEST(Writer, BigEndianAndPrefixed) {
  Writer writer;
  writer.U8(0x01).U16(0x0203).U32(0x04050607).U64(0x08090a0b0c0d0e0f).Raw("ab").Lp("cde").Lp("");
  EXPECT_EQ(Hex(writer.bytes()),
            "0102030405060708090a0b0c0d0e0f6162"
            "0003636465"
            "0000");
}

TEST(Writer, LongestPrefixedString) {
  Writer writer;
  writer.Lp(Bytes(65535, 7));
  EXPECT_EQ(writer.bytes().size(), 65537U);
  EXPECT_EQ(writer.bytes()[0], 0xff);
  EXPECT_EQ(writer.bytes()[1], 0xff);
}

TEST(WriterDeathTest, LongerStringsAbort) {
  EXPECT_DEATH(Writer().Lp(Bytes(65536)), "");
}

TEST(Reader, ReadsWhatWriterWrote) {
  Writer writer;
  writer.U8(0xfe).U16(0xfedc).U32(0xfedcba98).U64(0xfedcba9876543210).Raw("ab").Lp("cde");
  Reader reader(writer.bytes());
  EXPECT_EQ(reader.U8(), 0xfe);
  EXPECT_EQ(reader.U16(), 0xfedc);
  EXPECT_EQ(reader.U32(), 0xfedcba98U);
  EXPECT_EQ(reader.U64(), 0xfedcba9876543210U);
  EXPECT_EQ(AsText(reader.Raw(2)), "ab");
  EXPECT_FALSE(reader.AtEnd());
  EXPECT_EQ(AsText(reader.Lp()), "cde");
  EXPECT_TRUE(reader.AtEnd());
}

// Cut anywhere, a sequence fails, stays failed, and reads zeros from there on.
TEST(Reader, EveryLength) {
  Writer writer;
  writer.U8(1).U16(2).U32(3).U64(4).Lp("abc");
  const Bytes whole = writer.bytes();
  for (size_t size = 0; size <= whole.size(); ++size) {
    Reader reader(ByteView(whole).first(size));
    reader.U8();
    reader.U16();
    reader.U32();
    reader.U64();
    reader.Lp();
    EXPECT_EQ(reader.ok(), size == whole.size()) << size;
    EXPECT_EQ(reader.AtEnd(), size == whole.size()) << size;
    EXPECT_EQ(reader.U8(), 0);
    EXPECT_FALSE(reader.ok());
    EXPECT_FALSE(reader.AtEnd());
  }
}

TEST(Reader, StaysFailedThoughBytesAreLeft) {
  const Bytes bytes = {0x00, 0x09, 0x01, 0x02};
  Reader reader(bytes);
  EXPECT_TRUE(reader.Lp().empty());
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.U8(), 0);
  EXPECT_TRUE(reader.Raw(0).empty());
  EXPECT_FALSE(reader.AtEnd());
}

TEST(Hexadecimal, ThereAndBack) {
  EXPECT_EQ(Hex(Bytes{0x00, 0x7f, 0x80, 0xff}), "007f80ff");
  EXPECT_EQ(Hex({}), "");
  EXPECT_EQ(FromHex("007F80ff").value(), (Bytes{0x00, 0x7f, 0x80, 0xff}));
  EXPECT_TRUE(FromHex("").value().empty());
}

TEST(Hexadecimal, OtherTextIsRefused) {
  for (std::string_view bad : {"0", "000", "0g", "g0", " 00", "0x", "00\n", "-1", "0 "}) {
    EXPECT_EQ(FromHex(bad).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
  for (int c = 0; c < 256; ++c) {
    const std::string text = {'0', static_cast<char>(c)};
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    EXPECT_EQ(FromHex(text).ok(), digit) << c;
  }
}

}  // namespace
}  // namespace labrec

// What anybody sends may end in a line of the log: it stays one line, of printable characters.
#include "tools/recoveryd/log.h"

#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

namespace labrec::recoveryd {
namespace {

TEST(Log, PrintableTextStaysAsItIs) {
  EXPECT_EQ(Printable(""), "");
  EXPECT_EQ(Printable("alice \\ \"x\" ~"), "alice \\ \"x\" ~");
  EXPECT_EQ(Printable("J\u00fcrgen \u65e5\u672c"), "J\u00fcrgen \u65e5\u672c");
}

TEST(Log, EverythingElseIsEscaped) {
  EXPECT_EQ(Printable("a\nb"), "a\\x0ab") << "no line of its own";
  EXPECT_EQ(Printable("\x1b[31mred"), "\\x1b[31mred") << "no command to a terminal";
  EXPECT_EQ(Printable("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(Printable("J\u00fcrgen\xff"), "J\\xc3\\xbcrgen\\xff");
  EXPECT_EQ(Printable(std::string_view("\0x", 2)), "\\x00x");
}

TEST(Log, ALineOfAnyoneIsOneLine) {
  StartLog("info");
  testing::internal::CaptureStderr();
  spdlog::warn("from a client: {}", std::string("x\n2026-01-01 info: forged ") + '\xff');
  GOOGLE_LOG(ERROR) << "of protobuf \xff\nforged";
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("warning: from a client: x\\x0a2026-01-01 info: forged \\xff\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("warning: protobuf: of protobuf \\xff\\x0aforged\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("libprotobuf"), std::string::npos) << text;
}

}  // namespace
}  // namespace labrec::recoveryd

#include "tools/cli/terminal_text.h"

#include <gtest/gtest.h>

namespace labrec::cli {
namespace {

TEST(TerminalText, WhatPeopleWriteStays) {
  for (const char* const text :
       {"", "realm oslo: good", "C:\\x1B", "Grüße, 東京, नमस्ते, 🦄, ½ €",
        "👨‍👩‍👧", "می‌خواهم", "❤️"}) {
    EXPECT_EQ(OneLine(text), text);
    EXPECT_EQ(Lines(text), text);
  }
}

TEST(TerminalText, NothingDrivesTheTerminal) {
  EXPECT_EQ(OneLine("\x1b[31mred\x1b]0;title\x07"), "\\x1B[31mred\\x1B]0;title\\x07");
  EXPECT_EQ(OneLine("\xc2\x9b"
                    "2J"),
            "\\u{9B}2J");  // CSI in one character
  EXPECT_EQ(OneLine("\x9b"
                    "2J"),
            "\\x9B2J");  // and in one byte
  EXPECT_EQ(OneLine("good\rbad\b\x7f\t"), "good\\x0Dbad\\x08\\x7F\\x09");
  EXPECT_EQ(OneLine(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(OneLine("\u202Eevil\u2066\u200B\uFEFF\u2028"),
            "\\u{202E}evil\\u{2066}\\u{200B}\\u{FEFF}\\u{2028}");
  EXPECT_EQ(OneLine("\U000E0041"), "\\u{E0041}");
}

TEST(TerminalText, BytesThatAreNoTextAreShownAsBytes) {
  EXPECT_EQ(OneLine("\xff\xfe"), "\\xFF\\xFE");
  EXPECT_EQ(OneLine("a\xc3"), "a\\xC3");
  EXPECT_EQ(OneLine("\xc0\x9b\xe0\x80\x9b"), "\\xC0\\x9B\\xE0\\x80\\x9B");  // overlong
  EXPECT_EQ(OneLine("\xed\xa0\x80"), "\\xED\\xA0\\x80");
  EXPECT_EQ(OneLine("\xf4\x90\x80\x80"), "\\xF4\\x90\\x80\\x80");
}

TEST(TerminalText, LineEndsAreForWhoeverWritesLines) {
  EXPECT_EQ(OneLine("down\nrealm porto: good"), "down\\x0Arealm porto: good");
  EXPECT_EQ(Lines("one\ntwo\x1b\n"), "one\ntwo\\x1B\n");
}

}  // namespace
}  // namespace labrec::cli

#include "hsm/base/text/utf8.h"

#include <string>

#include <gtest/gtest.h>

namespace labrec {
namespace {

TEST(Utf8, TakesCodePointsOfEveryLength) {
  std::string_view text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x94\x91";
  for (const uint32_t code : {0x61U, 0xE9U, 0x20ACU, 0x1F511U}) EXPECT_EQ(TakeCodePoint(text), code);
  EXPECT_TRUE(text.empty());
}

TEST(Utf8, ControlCharactersAreText) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8(std::string("a\0\n\x7F", 4)));
}

TEST(Utf8, RefusesWhatRfc3629Forbids) {
  for (const char* text : {"\xFF", "a\x80", "\xC3", "\xE2\x82", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80",
                           "\xF4\x90\x80\x80", "\xF0\x80\x80\x80", "\xF8\x88\x80\x80\x80", "\xC3("}) {
    EXPECT_FALSE(IsUtf8(text)) << text;
  }
}

}  // namespace
}  // namespace labrec

#include "tools/cli/terminal_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>

#include "hsm/base/text/utf8.h"

namespace labrec::cli {
namespace {

struct Range {
  uint32_t first, last;
};

// Controls, what has no width, marks of direction, separators of lines, tags; Unicode's Cc, Cf, Zl, Zp, and
// what is drawn as nothing (Default_Ignorable_Code_Point), but the joiners of scripts and emoji and the
// variation selectors. Ascending.
constexpr std::array<Range, 20> kUnseen = {
    {{0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},     {0x34F, 0x34F},   {0x600, 0x605},
     {0x61C, 0x61C},   {0x6DD, 0x6DD},   {0x70F, 0x70F},   {0x890, 0x891},   {0x8E2, 0x8E2},
     {0x115F, 0x1160}, {0x17B4, 0x17B5}, {0x180E, 0x180E}, {0x200B, 0x200B}, {0x200E, 0x200F},
     {0x2028, 0x202E}, {0x2060, 0x206F}, {0x3164, 0x3164}, {0xFEFF, 0xFEFF}, {0xFFF0, 0xFFFB}}};

bool IsUnseen(uint32_t character) {
  if (character >= 0xE0000 && character <= 0xE0FFF) return character < 0xE0100 || character > 0xE01EF;
  return std::ranges::any_of(
      kUnseen, [&](const Range& range) { return range.first <= character && character <= range.last; });
}

enum class LineEnds { kEscaped, kKept };

std::string Escaped(std::string_view text, LineEnds ends) {
  std::string shown;
  while (!text.empty()) {
    std::string_view rest = text;
    const std::optional<uint32_t> character = TakeCodePoint(rest);
    if (!character) rest.remove_prefix(1);
    char escape[16];
    if (!character) {
      std::snprintf(escape, sizeof escape, "\\x%02X", static_cast<unsigned>(static_cast<uint8_t>(text[0])));
      shown += escape;
    } else if (IsUnseen(*character) && !(*character == '\n' && ends == LineEnds::kKept)) {
      std::snprintf(escape, sizeof escape, *character < 0x80 ? "\\x%02X" : "\\u{%X}", *character);
      shown += escape;
    } else {
      shown += text.substr(0, text.size() - rest.size());
    }
    text = rest;
  }
  return shown;
}

}  // namespace

std::string OneLine(std::string_view text) {
  return Escaped(text, LineEnds::kEscaped);
}

std::string Lines(std::string_view text) {
  return Escaped(text, LineEnds::kKept);
}

}  // namespace labrec::cli

#include "tools/mailbox/output.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "hsm/base/encoding.h"
#include "tools/cli/terminal_text.h"

namespace labrec::mailbox {
namespace {

using recovery::labyrinth::LeftOut;
using recovery::labyrinth::LeftOutWhyName;
using recovery::labyrinth::LineOf;
using recovery::labyrinth::MemberId;
using recovery::labyrinth::MemberKind;
using recovery::labyrinth::MemberStatus;
using recovery::labyrinth::OpeningRecord;

// New lines are kept and indented.
std::string Indented(const std::string& text) {
  std::string shown;
  for (const char character : text)
    shown += character == '\n' ? std::string("\n    ") : std::string(1, character);
  return shown;
}

}  // namespace

std::string FormatTime(int64_t timestamp_ms) {
  const std::time_t seconds = timestamp_ms / 1000;
  std::tm utc{};
  char text[32] = "";
  if (gmtime_r(&seconds, &utc) != nullptr) std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &utc);
  return text;
}

void PrintMessage(const recovery::labyrinth::Message& message) {
  std::string text = cli::Lines(AsText(message.text.view()));
  std::string line = "[" + std::to_string(message.epoch) + "] " + FormatTime(message.timestamp_ms) + " " +
                     cli::OneLine(message.thread) + ": " + Indented(text) + "\n";
  std::fputs(line.c_str(), stdout);
  Wipe(text);
  Wipe(line);
}

void PrintRotation(const recovery::labyrinth::Rotation& rotation, const std::vector<MemberStatus>& known,
                   const MemberId& self) {
  const auto sequence = static_cast<unsigned long long>(rotation.sequence);
  std::printf(rotation.opened ? "opened epoch %llu\n" : "another device was faster; now at epoch %llu\n",
              sequence);
  for (const LeftOut& left : rotation.left_out) {
    std::printf("left out %s: %s\n", Hex(left.id).c_str(), std::string(LeftOutWhyName(left.why)).c_str());
  }
  std::printf("who can read epoch %llu:\n", sequence);
  for (const OpeningRecord::Line& line : rotation.members) {
    const auto status = std::ranges::find_if(known, [&](const MemberStatus& member) {
      return member.member.has_value() && LineOf(*member.member) == line;
    });
    std::printf("  %s\n", status == known.end() ? Hex(line.id).c_str() : MemberLine(*status, self).c_str());
  }
}

std::string MemberLine(const MemberStatus& member, const MemberId& self) {
  const char* kind = "bad entry";
  if (member.member.has_value()) {
    kind = member.member->kind == MemberKind::kDevice ? "device" : "recovery code";
  }
  std::string note = member.id == self ? "this device" : "";
  if (!member.check.ok()) note = std::string(member.check.message());
  std::string line = Hex(member.id) + "  " + kind;
  if (!note.empty())
    line += std::string(14 - std::min<size_t>(13, std::string_view(kind).size()), ' ') + " " + note;
  return line;
}

}  // namespace labrec::mailbox

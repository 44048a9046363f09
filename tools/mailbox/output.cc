#include "tools/mailbox/output.h"

#include <cstdio>
#include <ctime>

#include "hsm/base/encoding.h"

namespace labrec::mailbox {
namespace {

using recovery::labyrinth::LeftOut;
using recovery::labyrinth::LeftOutWhyName;
using recovery::labyrinth::MemberKind;

}  // namespace

std::string Printable(std::string_view text) {
  std::string shown;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (character == '\n') {
      shown += "\n    ";
    } else {
      shown += byte < 0x20 || byte == 0x7f ? '?' : character;
    }
  }
  return shown;
}

std::string FormatTime(int64_t timestamp_ms) {
  const std::time_t seconds = timestamp_ms / 1000;
  std::tm utc{};
  char text[32] = "";
  if (gmtime_r(&seconds, &utc) != nullptr) std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &utc);
  return text;
}

void PrintMessage(const recovery::labyrinth::Message& message) {
  std::string text(AsText(message.text.view()));
  std::string line = "[" + std::to_string(message.epoch) + "] " + FormatTime(message.timestamp_ms) + " " +
                     Printable(message.thread) + ": " + Printable(text) + "\n";
  std::fputs(line.c_str(), stdout);
  Wipe(text);
  Wipe(line);
}

void PrintRotation(const recovery::labyrinth::Rotation& rotation) {
  if (!rotation.opened) {
    std::printf("another device was faster; now at epoch %llu\n",
                static_cast<unsigned long long>(rotation.sequence));
    return;
  }
  std::printf("opened epoch %llu\n", static_cast<unsigned long long>(rotation.sequence));
  for (const LeftOut& left : rotation.left_out) {
    std::printf("left out %s: %s\n", Hex(left.id).c_str(), std::string(LeftOutWhyName(left.why)).c_str());
  }
}

void PrintMember(const recovery::labyrinth::MemberStatus& member, const recovery::labyrinth::MemberId& self) {
  const char* kind = "bad entry";
  if (member.member.has_value()) {
    kind = member.member->kind == MemberKind::kDevice ? "device" : "recovery code";
  }
  std::string note = member.id == self ? "this device" : "";
  if (!member.check.ok()) note = std::string(member.check.message());
  std::printf("%s  %-13s  %s\n", Hex(member.id).c_str(), kind, note.c_str());
}

}  // namespace labrec::mailbox

#pragma once

#include <string>

#include "hsm/base/secret_bytes.h"
#include "recovery/labyrinth/mailbox.h"

namespace labrec::mailbox {

// "2026-11-23 12:34:56" in UTC.
std::string FormatTime(int64_t timestamp_ms);

void PrintMessage(const recovery::labyrinth::Message& message);
// What was done, and who is in now; `known` says what they are.
void PrintRotation(const recovery::labyrinth::Rotation& rotation,
                   const std::vector<recovery::labyrinth::MemberStatus>& known,
                   const recovery::labyrinth::MemberId& self);
// One line, without its end.
std::string MemberLine(const recovery::labyrinth::MemberStatus& member,
                       const recovery::labyrinth::MemberId& self);

}  // namespace labrec::mailbox

#pragma once

#include <string>

#include "hsm/base/secret_bytes.h"
#include "recovery/labyrinth/mailbox.h"

namespace labrec::mailbox {

// Text of others on a terminal: control characters become '?', so that no message moves the cursor or sets a
// title. New lines are kept and indented.
std::string Printable(std::string_view text);

// "2026-11-23 12:34:56" in UTC.
std::string FormatTime(int64_t timestamp_ms);

void PrintMessage(const recovery::labyrinth::Message& message);
void PrintRotation(const recovery::labyrinth::Rotation& rotation);
void PrintMember(const recovery::labyrinth::MemberStatus& member, const recovery::labyrinth::MemberId& self);

}  // namespace labrec::mailbox

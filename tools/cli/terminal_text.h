#pragma once

#include <string>
#include <string_view>

namespace labrec::cli {

// Text that realms, stores, messages or names of devices hold, so that it moves no cursor, sets no title,
// hides nothing, and looks like nothing else: controls, marks of direction and other characters that nobody
// sees, and bytes that are no UTF-8 are written as "\x1B" and "\u{202E}". A backslash stays. All that
// programs print of others goes through here.
//
// For a place in a line: the ends of lines are escaped too, or one party's text would look like another line.
std::string OneLine(std::string_view text);
// For text of several lines, the parts of others in it being OneLine already.
std::string Lines(std::string_view text);

}  // namespace labrec::cli

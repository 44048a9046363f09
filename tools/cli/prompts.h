#pragma once

// Whether this process may ask somebody anything: "--no-input" forbids it, for scripts that nobody sits at.
// What comes on standard input by an option (--pin-stdin) is no question and stays. Set while options are
// parsed, before there are threads.
namespace labrec::cli {

inline bool prompts_forbidden = false;

constexpr char kNoInput[] = "--no-input";
constexpr char kNoInputHelp[] = "Ask nothing: fail where an answer would be needed";

}  // namespace labrec::cli

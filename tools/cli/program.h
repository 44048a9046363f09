#pragma once

namespace labrec::cli {

// What a program is called, and with which codes it ends.
struct Program {
  const char* name;
  int failure = 1;
  int usage = 2;
};

// What every main of ours does: prepares the process, runs `run` and returns the program's exit code.
//
// Before: descriptors 0, 1 and 2 that whoever started it left closed are opened on /dev/null, so that no file
// of ours gets their numbers: standard input is empty then, and what is written to the others fails. Core
// dumps are forbidden. A reader that left (SIGPIPE) or a file that may not grow (SIGXFSZ) is an error where
// it happens and ends nothing. Arguments, and variables that begin with LABYRINTH_, have to be UTF-8 and no
// argument empty: else a message names the option, and `usage` is returned.
//
// After: an exception becomes a message and `failure`. So does output that did not arrive where standard
// output goes, unless `run` failed anyway. One thread.
int RunProgram(const Program& program, int argc, char** argv, int (*run)(int argc, char** argv));

}  // namespace labrec::cli

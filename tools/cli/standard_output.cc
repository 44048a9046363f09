#include "tools/cli/standard_output.h"

#include <cstdio>
#include <iostream>

namespace labrec::cli {

bool StandardOutputArrived(const char* program) {
  std::cout.flush();
  const bool flushed = std::fflush(stdout) == 0;
  // An earlier failure counts too, after which the rest may have fitted again.
  if (flushed && std::ferror(stdout) == 0 && std::cout.good()) return true;
  std::fprintf(
      stderr,
      "%s: standard output was not written whole: is the disk full, is it closed, or nobody reading?\n",
      program);
  return false;
}

}  // namespace labrec::cli

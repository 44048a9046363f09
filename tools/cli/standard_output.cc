#include "tools/cli/standard_output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>

namespace labrec::cli {

bool StandardOutputArrived(const char* program) {
  errno = 0;
  std::cout.flush();
  const bool flushed = std::fflush(stdout) == 0;
  const int error = errno;
  // An earlier failure, after which the rest may have fitted again.
  if (flushed && std::ferror(stdout) == 0 && std::cout.good()) return true;
  std::fprintf(stderr, "%s: standard output was not written%s%s\n", program, error == 0 ? "" : ": ",
               error == 0 ? "" : std::strerror(error));
  return false;
}

}  // namespace labrec::cli

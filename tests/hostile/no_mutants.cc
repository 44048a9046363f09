#include "tests/hostile/mutant.h"

namespace labrec::hostile {

bool UseMutant(const std::string&) {
  return false;
}
std::vector<std::string> MutantNames() {
  return {};
}

}  // namespace labrec::hostile

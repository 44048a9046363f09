#include "tests/simulation/mutant.h"

namespace labrec::sim {

bool UseMutant(const std::string&) {
  return false;
}

std::vector<std::string> MutantNames() {
  return {};
}

}  // namespace labrec::sim

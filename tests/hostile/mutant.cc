#include "tests/hostile/mutant.h"

namespace labrec::hostile {
namespace {

Mutants* of_the_program = nullptr;

}  // namespace

Mutants::Mutants() {
  of_the_program = this;
}

bool UseMutant(const std::string& name) {
  return of_the_program != nullptr && of_the_program->Use(name);
}

std::vector<std::string> MutantNames() {
  return of_the_program == nullptr ? std::vector<std::string>() : of_the_program->Names();
}

}  // namespace labrec::hostile

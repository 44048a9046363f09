#include "tests/support/process/seed_arguments.h"

#include "absl/strings/numbers.h"

namespace labrec::test {

bool SeedArguments::Parse(int argc, char** argv, const Flags& flags, const Values& values) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (const auto flag = flags.find(name); flag != flags.end()) {
      *flag->second = true;
      continue;
    }
    if (i + 1 == argc) return false;
    const std::string value = argv[++i];
    bool good = false;
    if (name == "--seeds") {
      good = absl::SimpleAtoi(value, &seeds_);
    } else if (name == "--first") {
      good = absl::SimpleAtoi(value, &first_);
    } else if (name == "--seconds") {
      good = absl::SimpleAtod(value, &budget_);
    } else if (const auto own = values.find(name); own != values.end()) {
      good = own->second(value);
    }
    if (!good) return false;
  }
  return true;
}

uint64_t SeedArguments::Run(const std::function<bool(uint64_t seed)>& goes_on) {
  start_ = std::chrono::steady_clock::now();
  uint64_t done = 0;
  for (bool more = true; more && done < seeds_ && seconds() < budget_; ++done) more = goes_on(first_ + done);
  return done;
}

double SeedArguments::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

}  // namespace labrec::test

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace labrec::test {

// Which seeds a program runs: --seeds N, --first S, --seconds BUDGET. One thread.
class SeedArguments {
 public:
  explicit SeedArguments(uint64_t seeds) : seeds_(seeds) {}

  // Options of the program's own, by name: those that stand alone, and those with a value, which is false if
  // it is none.
  using Flags = std::map<std::string, bool*>;
  using Values = std::map<std::string, std::function<bool(const std::string& value)>>;
  // False: the program has no such option, or its value is missing or none.
  bool Parse(int argc, char** argv, const Flags& flags, const Values& values);

  // Runs them in turn, until one says that it was the last or the budget is spent; how many ran. The clock
  // starts here.
  uint64_t Run(const std::function<bool(uint64_t seed)>& goes_on);
  // Since Run() was called.
  double seconds() const;

 private:
  uint64_t seeds_;
  uint64_t first_ = 1;
  double budget_ = 1e9;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace labrec::test

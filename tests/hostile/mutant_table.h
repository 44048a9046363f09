#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

#include "tests/hostile/mutant.h"

namespace labrec::hostile {

// The mutants of one program by their names, and which of them is in use.
template <typename Broken>
class MutantTable final : public Mutants {
 public:
  struct Named {
    const char* name;
    Broken broken;
  };
  MutantTable(std::initializer_list<Named> named) : named_(named) {}

  bool Use(const std::string& name) override {
    const auto found = std::ranges::find_if(named_, [&](const Named& each) { return each.name == name; });
    if (found == named_.end()) return false;
    broken_ = found->broken;
    return true;
  }
  std::vector<std::string> Names() const override {
    std::vector<std::string> names;
    for (const Named& each : named_) names.emplace_back(each.name);
    return names;
  }
  bool Is(Broken which) const { return broken_ == which; }

 private:
  std::vector<Named> named_;
  Broken broken_{};
};

}  // namespace labrec::hostile

// The linker gives every caller of a function the one that is called Wrap... (--wrap, CMakeLists.txt);
// Real... is the product's. So no mutant is in the product's code, and a function that changed its name or
// its arguments does not link.
#define LABREC_WRAPPED(symbol, result, name, ...)           \
  result Real##name(__VA_ARGS__) __asm__("__real_" symbol); \
  result Wrap##name(__VA_ARGS__) __asm__("__wrap_" symbol)

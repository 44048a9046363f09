#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "tests/hostile/lie_dice.h"
#include "tests/hostile/report.h"

namespace labrec::hostile {

// The lies of one story, by name, so that a shorter story can leave some out.
struct Lies {
  uint64_t seed = 0;
  size_t move = 0;
  std::set<LieName> unsaid;
  std::vector<LieName> told;
  std::vector<std::string> transcript;

  // The name of the next answer to such a call.
  std::string NameOf(const std::string& call) {
    const std::string key = absl::StrCat(move, "/", call);
    return absl::StrCat(key, "/", occurrences_[key]++);
  }
  void Tell(const std::string& name, const std::string& what) {
    told.push_back(name);
    transcript.push_back(absl::StrCat("    LIE ", name, ": ", what));
  }

 private:
  std::map<std::string, int> occurrences_;
};

}  // namespace labrec::hostile

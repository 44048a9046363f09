#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

#include "tools/admin/output.h"

namespace labrec::admin {

// How bad something is: all is well; see to it soon; it is wrong now.
enum class Severity { kGood, kSoon, kWrong };

// What a look at a realm found, in the order in which it was looked at.
class Findings {
 public:
  void Good(std::string subject, std::string what) {
    Add(Severity::kGood, std::move(subject), std::move(what), "");
  }
  // `remedy`: what to do about it.
  void Add(Severity severity, std::string subject, std::string what, std::string remedy);
  // Each line of an error is a finding; OK is one too, in the words of `good`.
  void Note(Severity severity, const std::string& subject, const absl::Status& status,
            const std::string& good);

  Severity worst() const { return worst_; }
  Json AsJson() const;
  std::string AsText() const;

 private:
  struct Finding {
    Severity severity;
    std::string subject;
    std::string what;
    std::string remedy;
  };
  std::vector<Finding> findings_;
  Severity worst_ = Severity::kGood;
};

}  // namespace labrec::admin

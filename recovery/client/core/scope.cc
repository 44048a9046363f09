#include "recovery/client/core/scope.h"

#include <algorithm>
#include <cstdlib>

#include "absl/status/status.h"

#include "recovery/client/core/wait.h"

namespace labrec::recovery::client::core {

std::optional<int64_t> Sooner(std::optional<int64_t> a, std::optional<int64_t> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

Scope::Scope(Scope* around, std::optional<int64_t> until_ms)
    : flow_(around->flow_),
      around_(around),
      cancelled_(around->cancelled_),
      until_ms_(Sooner(around->until_ms_, until_ms)) {
  around->within_.push_back(this);
}

Scope::~Scope() {
  if (!waits_.empty() || !within_.empty()) std::abort();  // they would write into it
  if (around_ != nullptr) std::erase(around_->within_, this);
}

void Scope::Cancel() {
  cancelled_ = true;
  for (Scope* scope : within_) scope->Cancel();
  const std::vector<Wait*> waits = waits_;  // each leaves the list as it ends
  for (Wait* wait : waits) wait->Finish({absl::CancelledError("cancelled"), {}, {}, {}});
}

}  // namespace labrec::recovery::client::core

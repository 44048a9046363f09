#include "tests/hostile/report.h"

#include <algorithm>
#include <utility>

namespace labrec::hostile {
namespace {

bool Breaks(const RunLess& run, const Omitted& omitted, const std::string& rule) {
  const StoryReport report = run(omitted);
  return std::ranges::any_of(report.violations, [&](const Violation& each) { return each.rule == rule; });
}

}  // namespace

Omitted Shrink(size_t moves, const RunLess& run, const std::string& rule) {
  Omitted best;
  for (bool shorter = true; shorter;) {
    shorter = false;
    for (size_t i = 0; i < moves; ++i) {
      Omitted less = best;
      if (!less.moves.insert(i).second || !Breaks(run, less, rule)) continue;
      best = std::move(less);
      shorter = true;
    }
    const std::vector<LieName> told = run(best).lies;
    // Halves first, then each.
    for (size_t size = std::max<size_t>(told.size() / 2, 1); size > 0; size /= 2) {
      for (size_t at = 0; at < told.size(); at += size) {
        Omitted less = best;
        const auto end = std::min(at + size, told.size());
        less.lies.insert(told.begin() + static_cast<ptrdiff_t>(at),
                         told.begin() + static_cast<ptrdiff_t>(end));
        if (less.lies.size() == best.lies.size() || !Breaks(run, less, rule)) continue;
        best = std::move(less);
        shorter = true;
      }
    }
  }
  return best;
}

}  // namespace labrec::hostile

#include "hsm/base/clock.h"

#include <chrono>

namespace labrec {
namespace {

class HostClock final : public Clock {
 public:
  int64_t NowMillis() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

}  // namespace

const Clock& SystemClock() {
  static const HostClock clock;
  return clock;
}

}  // namespace labrec

#include "hsm/pkcs11/token/backoff.h"

#include <gtest/gtest.h>

namespace labrec::hsm::pkcs11 {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Backoff, GrowsToFiveSecondsAndStartsOver) {
  Backoff backoff;
  Backoff::Clock::time_point now{};
  EXPECT_TRUE(backoff.Due(now));
  for (const int pause : {50, 100, 200, 400, 800, 1600, 3200, 5000, 5000}) {
    backoff.Failed(now);
    EXPECT_FALSE(backoff.Due(now + milliseconds(pause - 1))) << pause;
    EXPECT_TRUE(backoff.Due(now + milliseconds(pause))) << pause;
    now += seconds(10);
  }
  backoff.Succeeded();
  EXPECT_TRUE(backoff.Due(now));
  backoff.Failed(now);
  EXPECT_TRUE(backoff.Due(now + milliseconds(50)));
}

}  // namespace
}  // namespace labrec::hsm::pkcs11

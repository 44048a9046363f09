// How often proofs may take the device's time.

#include "recovery/engine/call/attestation_limiter.h"

#include <gtest/gtest.h>

#include "recovery/engine/call/refusal.h"

namespace labrec::recovery {
namespace {

using std::chrono::seconds;

TEST(AttestationLimiter, BoundsAnAccountOverAMinute) {
  AttestationLimiter limiter({10, 2});
  const AttestationLimiter::Time start;
  EXPECT_TRUE(limiter.Admit("chat", "alice", start).ok());
  EXPECT_TRUE(limiter.Admit("chat", "alice", start + seconds(10)).ok());
  const absl::Status refused = limiter.Admit("chat", "alice", start + seconds(20));
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(RefusalOf(refused), std::string(refusal::kAttestation));
  EXPECT_EQ(std::string(*refused.GetPayload(kRetryAfter)), "40000");
  EXPECT_TRUE(limiter.Admit("chat", "bob", start + seconds(20)).ok());
  EXPECT_TRUE(limiter.Admit("mail", "alice", start + seconds(20)).ok());
  EXPECT_TRUE(limiter.Admit("chat", "alice", start + seconds(60)).ok());
  EXPECT_FALSE(limiter.Admit("chat", "alice", start + seconds(61)).ok());
}

TEST(AttestationLimiter, BoundsAllTogether) {
  AttestationLimiter limiter({3, 2});
  const AttestationLimiter::Time start;
  for (const char* who : {"a", "b", "c"}) EXPECT_TRUE(limiter.Admit("chat", who, start).ok());
  EXPECT_EQ(limiter.Admit("chat", "d", start + seconds(59)).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(limiter.Admit("chat", "d", start + seconds(60)).ok());
}

TEST(AttestationLimiter, ZeroIsNever) {
  AttestationLimiter limiter({0, 2});
  EXPECT_FALSE(limiter.Admit("chat", "alice", AttestationLimiter::Time()).ok());
}

}  // namespace
}  // namespace labrec::recovery

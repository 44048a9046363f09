#include "recovery/record/rules/floor.h"

#include <gtest/gtest.h>

#include "tests/unit/recovery/record/record_builder.h"

namespace labrec::recovery {
namespace {

RaiseFloor RaiseOf(const EcdsaPrivateKey& device, uint64_t sequence, uint8_t digest) {
  EpochFloor floor{sequence, {}, device.public_key(), {}, {}};
  floor.digest.fill(digest);
  return {floor, device.public_key().DeviceId(), Signed(device)};
}

TEST(Floor, IsRaisedAndNeverLowered) {
  Registered known;
  const auto raise = [&](uint64_t sequence, uint8_t digest) {
    auto next = ApplyRaiseFloor(known.account, known.record, RaiseOf(known.device, sequence, digest));
    if (next.ok()) known.record = *next;
    return next.status().code();
  };
  EXPECT_EQ(raise(5, 1), absl::StatusCode::kOk);
  EXPECT_EQ(raise(5, 1), absl::StatusCode::kOk);
  EXPECT_EQ(raise(5, 2), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(raise(4, 1), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(raise(6, 2), absl::StatusCode::kOk);
  EXPECT_EQ(known.record->floor->sequence, 6U);
  EXPECT_EQ(known.record->floor->digest[0], 2);
}

TEST(Floor, TheSameAgainKeepsTheFirstSignature) {
  Registered known;
  known.record = *ApplyRaiseFloor(known.account, known.record, RaiseOf(known.device, 5, 1));
  RaiseFloor again = RaiseOf(known.device, 5, 1);
  again.floor.challenge.fill(9);
  EXPECT_EQ(*ApplyRaiseFloor(known.account, known.record, again), *known.record);
}

TEST(Floor, NeedsAnEnrolledDeviceAndARegisteredRecord) {
  Registered known(1);
  const EcdsaPrivateKey stranger = EcdsaPrivateKey::Generate();
  EXPECT_EQ(ApplyRaiseFloor(known.account, known.record, RaiseOf(stranger, 5, 1)).status().code(),
            absl::StatusCode::kPermissionDenied);
  RaiseFloor foreign = RaiseOf(known.device, 5, 1);
  foreign.floor.device = stranger.public_key();
  EXPECT_EQ(ApplyRaiseFloor(known.account, known.record, foreign).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ApplyRaiseFloor(known.account, std::nullopt, RaiseOf(known.device, 5, 1)).status().code(),
            absl::StatusCode::kNotFound);
  known.Guess(1, 1);
  known.Guess(1, 2);
  EXPECT_EQ(ApplyRaiseFloor(known.account, known.record, RaiseOf(known.device, 5, 1)).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace labrec::recovery

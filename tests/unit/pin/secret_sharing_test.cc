#include "pin/sharing/secret_sharing.h"

#include <algorithm>
#include <array>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hsm/base/encoding.h"

namespace labrec::pin {
namespace {

std::vector<Share> Copies(const std::vector<Share>& shares, uint32_t chosen) {
  std::vector<Share> copies;
  for (size_t i = 0; i < shares.size(); ++i) {
    if ((chosen >> i & 1) != 0) copies.push_back({shares[i].x, shares[i].bytes.Clone()});
  }
  return copies;
}

Share At(uint32_t x, const Bytes& bytes) {
  return {x, SecretBytes::CopyOf(bytes)};
}

template <typename... S>
std::vector<Share> Shares(S... shares) {
  std::vector<Share> out;
  (out.push_back(std::move(shares)), ...);
  return out;
}

// The line a*x + 0 through (1, a): its values are the products of FIPS 197, section 4.2: {57}{02} = {ae},
// {57}{04} = {47}, {57}{08} = {8e}, {57}{10} = {07}, {57}{13} = {fe}, {57}{83} = {c1}.
TEST(SecretSharing, ArithmeticIsThatOfFips197) {
  const std::vector<Share> line = Shares(At(1, {0x57}), At(2, {0xae}));
  EXPECT_TRUE(Combine(line)->Equals(Bytes{0}));
  const std::pair<uint32_t, uint8_t> products[] = {
      {0x04, 0x47}, {0x08, 0x8e}, {0x10, 0x07}, {0x13, 0xfe}, {0x83, 0xc1}};
  for (const auto& [x, value] : products) EXPECT_TRUE(Interpolate(line, x)->Equals(Bytes{value})) << x;
}

TEST(SecretSharing, EverySubsetOfTheThresholdGivesTheSecret) {
  const SecretBytes secret = SecretBytes::Random(32);
  for (uint32_t count = 1; count <= 6; ++count) {
    for (uint32_t threshold = 1; threshold <= count; ++threshold) {
      const std::vector<Share> shares = Split(secret, threshold, count).value();
      ASSERT_EQ(shares.size(), count);
      for (uint32_t i = 0; i < count; ++i) EXPECT_EQ(shares[i].x, i + 1);
      for (uint32_t chosen = 1; chosen < 1U << count; ++chosen) {
        std::vector<Share> some = Copies(shares, chosen);
        std::reverse(some.begin(), some.end());
        EXPECT_EQ(Combine(some)->Equals(secret.view()), some.size() >= threshold)
            << threshold << " of " << count << ", subset " << chosen;
      }
    }
  }
}

TEST(SecretSharing, LargestSharing) {
  const SecretBytes secret = SecretBytes::Random(32);
  const std::vector<Share> shares = Split(secret, 16, 16).value();
  EXPECT_TRUE(Combine(shares)->Equals(secret.view()));
  EXPECT_FALSE(Combine(Copies(shares, 0x7fff))->Equals(secret.view()));
}

TEST(SecretSharing, OtherSharesCanBeForetold) {
  const std::vector<Share> shares = Split(SecretBytes::Random(32), 3, 7).value();
  const std::vector<Share> three = Copies(shares, 0b0101001);
  for (const Share& share : shares) EXPECT_TRUE(Interpolate(three, share.x)->Equals(share.bytes.view()));
}

// With one share fewer than the threshold, every byte value is met at every x whatever the secret is.
TEST(SecretSharing, OneShareFewerSaysNothing) {
  for (uint8_t secret : {uint8_t{0x00}, uint8_t{0x5a}}) {
    std::array<std::set<uint8_t>, 2> seen;
    for (int i = 0; i < 40; ++i) {
      const std::vector<Share> shares = Split(SecretBytes::CopyOf(Bytes(256, secret)), 2, 2).value();
      for (size_t s = 0; s < 2; ++s) {
        seen[s].insert(shares[s].bytes.data(), shares[s].bytes.data() + 256);
      }
    }
    EXPECT_EQ(seen[0].size(), 256U);
    EXPECT_EQ(seen[1].size(), 256U);
  }
}

TEST(SecretSharing, SplittingIsRandom) {
  const SecretBytes secret = SecretBytes::Random(32);
  const auto a = Split(secret, 2, 2).value();
  const auto b = Split(secret, 2, 2).value();
  EXPECT_FALSE(a[0].bytes.Equals(b[0].bytes.view()));
}

TEST(SecretSharing, TheCallersCoefficientsDecide) {
  const SecretBytes secret = SecretBytes::CopyOf(Bytes(32, 0x11));
  std::vector<SecretBytes> coefficients;
  coefficients.push_back(SecretBytes::CopyOf(Bytes(32, 0x22)));
  const std::vector<Share> shares = SplitWith(secret, coefficients, 3).value();
  EXPECT_TRUE(shares[0].bytes.Equals(Bytes(32, 0x11 ^ 0x22)));
  EXPECT_TRUE(shares[1].bytes.Equals(Bytes(32, 0x11 ^ 0x44)));
  EXPECT_FALSE(SplitWith(secret, coefficients, 1).ok());
  EXPECT_FALSE(SplitWith(secret, coefficients, 17).ok());
  coefficients.push_back(SecretBytes::CopyOf(Bytes(31, 0x33)));
  EXPECT_FALSE(SplitWith(secret, coefficients, 3).ok());
}

TEST(SecretSharing, BadNumbersAreRefused) {
  const SecretBytes secret = SecretBytes::Random(32);
  const std::pair<uint32_t, uint32_t> bad[] = {{0, 1}, {0, 0}, {2, 1}, {1, 17}, {17, 17}, {1, 0x10001}};
  for (const auto& [threshold, count] : bad) {
    EXPECT_EQ(Split(secret, threshold, count).status().code(), absl::StatusCode::kInvalidArgument)
        << threshold << " of " << count;
  }
}

TEST(SecretSharing, BadSharesAreRefused) {
  EXPECT_FALSE(Combine({}).ok());
  EXPECT_FALSE(Combine(Shares(At(0, {1}))).ok());
  EXPECT_FALSE(Combine(Shares(At(256, {1}))).ok());
  EXPECT_FALSE(Combine(Shares(At(1, {1}), At(1, {2}))).ok());
  EXPECT_FALSE(Combine(Shares(At(1, {1}), At(257, {2}))).ok());
  EXPECT_FALSE(Combine(Shares(At(1, {1}), At(2, {1, 2}))).ok());
  EXPECT_FALSE(Interpolate(Shares(At(1, {1})), 256).ok());
  EXPECT_TRUE(Combine(Shares(At(255, {1}))).ok());
}

}  // namespace
}  // namespace labrec::pin

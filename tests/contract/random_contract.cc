#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "tests/contract/contract_suites.h"

namespace labrec::hsm::contract {
namespace {

TEST_P(RandomContract, FillsAnyLength) {
  const auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  ASSERT_NE(device->random(), nullptr);
  for (const size_t size : {0U, 1U, 31U, 32U, 33U, 48U, 64U, 65U, 1000U}) {
    // A byte that stays 0 in sixteen fills was not written (else: chance 2^-128).
    Bytes seen(size, 0);
    for (int round = 0; round < 16; ++round) {
      Bytes out(size, 0);
      const absl::Status filled = device->random()->Fill(out);
      ASSERT_TRUE(filled.ok()) << filled;
      for (size_t i = 0; i < size; ++i) seen[i] |= out[i];
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 0), 0) << size;
  }
}

TEST_P(RandomContract, DoesNotRepeat) {
  auto device = ProvisionAndOpen();
  ASSERT_NE(device, nullptr);
  std::set<Bytes> seen;
  for (int opening = 0; opening < 2; ++opening) {
    for (int i = 0; i < 64; ++i) {
      Bytes out(16);
      ASSERT_TRUE(device->random()->Fill(out).ok());
      EXPECT_TRUE(seen.insert(out).second);
    }
    device.reset();
    device = Reopen();
    ASSERT_NE(device, nullptr);
  }
}

}  // namespace
}  // namespace labrec::hsm::contract

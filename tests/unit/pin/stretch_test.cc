#include "pin/stretch.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hsm/base/encoding.h"

namespace labrec::pin {
namespace {

constexpr ArgonParameters kCheap{64, 1, 1};

SecretBytes Pin(std::string_view text) {
  return SecretBytes::CopyOf(AsBytes(text));
}

// What the figures below are is checked against another implementation by tests/vectors/noble.
TEST(Stretch, EveryInputMatters) {
  std::set<std::string> outputs;
  const auto add = [&](std::string_view pin, uint8_t salt, const ArgonParameters& parameters) {
    const auto stretched = Stretch(Pin(pin), Bytes(16, salt), parameters);
    ASSERT_TRUE(stretched.ok()) << stretched.status();
    ASSERT_EQ(stretched->size(), 32U);
    outputs.insert(Hex(stretched->view()));
  };
  add("1234", 1, kCheap);
  add("1234", 1, kCheap);
  add("1235", 1, kCheap);
  add("1234", 2, kCheap);
  add("1234", 1, {128, 1, 1});
  add("1234", 1, {64, 2, 1});
  add("1234", 1, {64, 1, 2});
  EXPECT_EQ(outputs.size(), 6U);
}

TEST(Stretch, LeavesThePinToItsOwner) {
  const SecretBytes pin = Pin("1234");
  ASSERT_TRUE(Stretch(pin, Bytes(16), kCheap).ok());
  EXPECT_TRUE(pin.Equals(AsBytes("1234")));
}

TEST(Stretch, DefaultsAreTheProtocols) {
  EXPECT_EQ(ArgonParameters(), (ArgonParameters{65536, 3, 1}));
  EXPECT_TRUE(Stretch(Pin("1234"), Bytes(16), {}).ok());
}

TEST(Stretch, RefusesWhatWouldHarmTheClient) {
  const ArgonParameters bad[] = {{65536, 0, 1},
                                 {65536, 65, 1},
                                 {65536, 3, 0},
                                 {65536, 3, 17},
                                 {(1U << 20) + 1, 3, 1},
                                 {0, 3, 1},
                                 {7, 3, 1},
                                 {31, 3, 4},
                                 {UINT32_MAX, UINT32_MAX, UINT32_MAX},
                                 {65536, 3, UINT32_MAX}};
  for (const ArgonParameters& parameters : bad) {
    EXPECT_EQ(CheckArgonParameters(parameters).code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(Stretch(Pin("1234"), Bytes(16), parameters).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
  for (const ArgonParameters& parameters :
       {ArgonParameters{8, 1, 1}, ArgonParameters{1U << 20, 64, 16}, ArgonParameters{128, 1, 16}}) {
    EXPECT_TRUE(CheckArgonParameters(parameters).ok());
  }
}

TEST(Stretch, RefusesBadSizes) {
  for (size_t size : {0, 15, 17}) EXPECT_FALSE(Stretch(Pin("1234"), Bytes(size), kCheap).ok()) << size;
  EXPECT_FALSE(Stretch(SecretBytes(), Bytes(16), kCheap).ok());
  EXPECT_FALSE(Stretch(SecretBytes::OfSize(1025), Bytes(16), kCheap).ok());
  EXPECT_TRUE(Stretch(SecretBytes::OfSize(1024), Bytes(16), kCheap).ok());
}

}  // namespace
}  // namespace labrec::pin

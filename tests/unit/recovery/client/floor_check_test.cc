#include "recovery/client/steps/floor_check.h"

#include <gtest/gtest.h>

#include "recovery/client/base/device_key.h"

namespace labrec::recovery::client {
namespace {

class FloorCheck : public testing::Test {
 protected:
  void SetUp() override {
    RealmAddress address;
    address.id = Bytes(16, 7);
    address.name = "alpha";
    address.address = "localhost:1";
    ASSERT_TRUE(realms_.Add(address, TokenFetch()).ok());
    floor_.set_sequence(41);
    floor_.set_digest(std::string(32, 'd'));
    floor_.set_device_public_key(ToString(device_.public_key().Spki()));
    floor_.set_device_id(ToString(device_.public_key().DeviceId()));
    floor_.set_challenge(std::string(32, 'c'));
    Sign("default");
  }
  void Sign(const std::string& record) {
    const Bytes message = RequestBytes(realms_.Scope(0), Operation::kRaiseFloor, AsBytes(floor_.challenge()),
                                       RaiseFloorBody(record, floor_.sequence(), AsBytes(floor_.digest())));
    floor_.set_signature(ToString(device_.SignMessage(message)));
  }
  absl::StatusOr<RealmFloor> Check() { return CheckFloor(realms_, 0, "default", floor_); }

  DeviceKey device_ = DeviceKey::Make();
  RealmSet realms_{"chat", "alice"};
  v1::Floor floor_;
};

TEST_F(FloorCheck, TakesWhatItsDeviceSigned) {
  const auto floor = Check();
  ASSERT_TRUE(floor.ok()) << floor.status();
  EXPECT_EQ(floor->realm, "alpha");
  EXPECT_EQ(floor->sequence, 41U);
  EXPECT_TRUE(SameBytes(floor->digest, AsBytes(floor_.digest())));
  EXPECT_EQ(floor->device, device_.public_key());
}

TEST_F(FloorCheck, RefusesEveryChange) {
  const v1::Floor good = floor_;
  const auto refused = [&](auto change) {
    floor_ = good;
    change();
    return absl::IsDataLoss(Check().status());
  };
  EXPECT_TRUE(refused([&] { floor_.set_sequence(42); }));
  EXPECT_TRUE(refused([&] { floor_.set_digest(std::string(32, 'e')); }));
  EXPECT_TRUE(refused([&] { floor_.set_digest("short"); }));
  EXPECT_TRUE(refused([&] { floor_.set_challenge(std::string(32, 'x')); }));
  EXPECT_TRUE(refused([&] { floor_.set_device_id(std::string(16, 'x')); }));
  EXPECT_TRUE(refused([&] { floor_.set_device_public_key("x"); }));
  EXPECT_TRUE(refused([&] { floor_.set_signature(std::string(64, 1)); }));
  EXPECT_TRUE(refused([&] { Sign("another-record"); }));
}

TEST_F(FloorCheck, HighestFirst) {
  std::vector<RealmFloor> floors;
  for (const uint64_t sequence : {3U, 9U, 5U}) floors.push_back({"r", sequence, {}, device_.public_key()});
  SortHighestFirst(floors);
  EXPECT_EQ(floors[0].sequence, 9U);
  EXPECT_EQ(floors[2].sequence, 3U);
}

}  // namespace
}  // namespace labrec::recovery::client

#include "recovery/client/steps/floor_check.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "recovery/client/base/device_key.h"

namespace labrec::recovery::client::core {
namespace {

// Checking asks the host for nothing.
class NoHost : public Host {
  void Random(std::span<uint8_t>) override { std::abort(); }
  int64_t UnixMillis() override { std::abort(); }
};

class FloorCheck : public testing::Test {
 protected:
  void SetUp() override {
    Realm realm;
    realm.id = Bytes(16, 7);
    realm.name = "alpha";
    account_.Add(realm);
    floor_.sequence = 41;
    floor_.digest = Bytes(32, 'd');
    floor_.device_public_key = device_.public_key().Spki();
    floor_.device_id = ToBytes(device_.public_key().DeviceId());
    floor_.challenge = Bytes(32, 'c');
    Sign("default");
  }
  void Sign(const std::string& record) {
    const Bytes message = RequestBytes(account_.ScopeAt(0), Operation::kRaiseFloor, floor_.challenge,
                                       RaiseFloorBody(record, floor_.sequence, floor_.digest));
    floor_.signature = ToBytes(device_.SignMessage(message));
  }
  absl::StatusOr<RealmFloor> Check() { return CheckFloor(account_, 0, "default", floor_); }

  DeviceKey device_ = DeviceKey::Make();
  NoHost host_;
  Account account_{host_, "chat", "alice", {}};
  wire::Floor floor_;
};

TEST_F(FloorCheck, TakesWhatItsDeviceSigned) {
  const auto floor = Check();
  ASSERT_TRUE(floor.ok()) << floor.status();
  EXPECT_EQ(floor->realm, "alpha");
  EXPECT_EQ(floor->sequence, 41U);
  EXPECT_TRUE(SameBytes(floor->digest, floor_.digest));
  EXPECT_EQ(floor->device, device_.public_key());
}

TEST_F(FloorCheck, RefusesEveryChange) {
  const wire::Floor good = floor_;
  const auto refused = [&](auto change) {
    floor_ = good;
    change();
    return absl::IsDataLoss(Check().status());
  };
  EXPECT_TRUE(refused([&] { floor_.sequence = 42; }));
  EXPECT_TRUE(refused([&] { floor_.digest = Bytes(32, 'e'); }));
  EXPECT_TRUE(refused([&] { floor_.digest = Bytes(5); }));
  EXPECT_TRUE(refused([&] { floor_.challenge = Bytes(32, 'x'); }));
  EXPECT_TRUE(refused([&] { floor_.device_id = Bytes(16, 'x'); }));
  EXPECT_TRUE(refused([&] { floor_.device_public_key = Bytes(1); }));
  EXPECT_TRUE(refused([&] { floor_.signature = Bytes(64, 1); }));
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
}  // namespace labrec::recovery::client::core

#include <chrono>
#include <string>

#include "tests/integration/server/test.h"
#include "tests/support/process/eventually.h"
#include "tests/support/realm/health_client.h"

namespace labrec::test {
namespace {

using ServerOutage = ServerTest;
LABREC_ON_EVERY_DEVICE_AND_WAY(ServerOutage);

// Repeats the same call while the realm says that it is away: what a client does.
grpc::Status UntilAvailable(const std::function<grpc::Status()>& call) {
  grpc::Status status;
  Eventually([&] { return (status = call()).error_code() != grpc::StatusCode::UNAVAILABLE; },
             std::chrono::seconds(30));
  return status;
}

// The device goes and comes back; the daemon stays, and no guess is gained or lost.
TEST_P(ServerOutage, TheDeviceGoesAndComesBack) {
  StartRealm();
  ASSERT_NE(realm_, nullptr);
  ApiClient alice(*realm_, "alice");
  ASSERT_TRUE(alice.SetUp().ok());
  v1::EvaluateResponse first;
  ASSERT_TRUE(alice.Evaluate(1, &first).ok());
  ASSERT_EQ(first.evaluated().remaining(), 9U);
  const pid_t daemon = realm_->daemon().pid();

  realm_->BreakDevice();
  v1::EvaluateResponse lost;
  for (int i = 0; i < 3; ++i) {
    const grpc::Status away = alice.Evaluate(2, &lost);
    EXPECT_EQ(away.error_code(), grpc::StatusCode::UNAVAILABLE) << away.error_message();
    EXPECT_EQ(away.error_message(), "the realm's security device is away: send the same again later");
    EXPECT_GT(std::stoi(alice.trailer["retry-after-ms"]), 0);
  }
  EXPECT_TRUE(realm_->WaitForLog("is away").ok());
  EXPECT_TRUE(WaitForHealth(*realm_, Health::kNotServing));
  const Json status = Admin({"status"});
  EXPECT_EQ(status["serving"], false);
  EXPECT_NE(status["not_serving_reason"], "");

  ASSERT_TRUE(realm_->RepairDevice().ok());
  v1::EvaluateResponse again;
  const grpc::Status back = UntilAvailable([&] { return alice.Evaluate(2, &again); });
  ASSERT_TRUE(back.ok()) << back.error_message();
  EXPECT_EQ(again.evaluated().remaining(), 8U) << "asked four times, counted once";
  EXPECT_EQ(ShowRecord("alice")["remaining"], 8);
  EXPECT_TRUE(realm_->WaitForLog("is back").ok());
  EXPECT_TRUE(WaitForHealth(*realm_, Health::kServing));
  EXPECT_EQ(realm_->daemon().pid(), daemon);

  v1::UnlockResponse unlocked;
  ASSERT_TRUE(alice.Unlock(again.evaluated().challenge(), &unlocked).ok());
  EXPECT_EQ(unlocked.unlocked().remaining(), 10U);
}

}  // namespace
}  // namespace labrec::test

#pragma once

#include <memory>
#include <string>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

#include "tests/integration/server/api_client.h"
#include "tests/support/realm_fixture.h"

namespace labrec::test {

using Json = nlohmann::json;

// A realm that serves, on each kind of device.
class ServerTest : public testing::TestWithParam<SimulatorKind> {
 protected:
  void StartRealm(RealmFixture::Options options = {}) {
    auto made = RealmFixture::Make(GetParam(), std::move(options));
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
    const absl::Status started = realm_->StartDaemon();
    ASSERT_TRUE(started.ok()) << started;
  }

  // The answer of labyrinth-admin.
  Json Admin(std::vector<std::string> arguments) const {
    const auto answer = realm_->Admin(std::move(arguments));
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? Json::parse(*answer) : Json();
  }
  Json ShowRecord(const std::string& account) const {
    return Admin(
        {"record", "show", "--tenant", "chat", "--account", account, "--record", ApiClient::kRecord});
  }
  // Everything that a refused request must leave as it was.
  Json Snapshot(const std::string& account) const {
    const Json status = Admin({"status"});
    return {{"record", ShowRecord(account)},
            {"devices", Admin({"device", "list", "--tenant", "chat", "--account", account})},
            {"epoch", status["epoch"]},
            {"rows", status["rows"]},
            {"guesses_counted", status["guesses_counted"]}};
  }

  std::unique_ptr<RealmFixture> realm_;
};

inline std::string NameOf(const testing::TestParamInfo<SimulatorKind>& info) {
  return info.param == SimulatorKind::kSwtpm ? "Swtpm" : "SoftHsm";
}

#define LABREC_ON_EVERY_DEVICE(suite)                                                                       \
  INSTANTIATE_TEST_SUITE_P(Devices, suite, testing::Values(SimulatorKind::kSwtpm, SimulatorKind::kSoftHsm), \
                           NameOf)

// A call was refused with this code and these words.
#define EXPECT_REFUSED(call, code, words)                                                 \
  do {                                                                                    \
    const grpc::Status refused_ = (call);                                                 \
    EXPECT_EQ(refused_.error_code(), grpc::StatusCode::code) << refused_.error_message(); \
    EXPECT_THAT(refused_.error_message(), testing::HasSubstr(words));                     \
  } while (false)

}  // namespace labrec::test

#pragma once

#include <memory>
#include <string>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

#include "tests/integration/server/api_client.h"
#include "tests/support/realm/realm_fixture.h"

namespace labrec::test {

using Json = nlohmann::json;

// On which device, and how clients reach it.
struct ServerParam {
  SimulatorKind kind;
  Way way = Way::kGrpc;
};

// A realm that serves, on each kind of device and over each transport.
class ServerTest : public testing::TestWithParam<ServerParam> {
 protected:
  Way way() const { return GetParam().way; }
  // Not started yet.
  void MakeRealm(RealmFixture::Options options = {}) {
    options.web = way() == Way::kConnect;
    auto made = RealmFixture::Make(GetParam().kind, std::move(options));
    ASSERT_TRUE(made.ok()) << made.status();
    realm_ = *std::move(made);
  }
  void StartRealm(RealmFixture::Options options = {}) {
    MakeRealm(std::move(options));
    ASSERT_NE(realm_, nullptr);
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
    return {
        {"record", ShowRecord(account)},
        {"devices",
         realm_->Admin({"device", "list", "--tenant", "chat", "--account", account}).value_or("no account")},
        {"epoch", status["epoch"]},
        {"rows", status["rows"]},
        {"guesses_counted", status["guesses_counted"]}};
  }

  std::unique_ptr<RealmFixture> realm_;
};

inline std::string NameOf(const testing::TestParamInfo<ServerParam>& info) {
  const std::string device = info.param.kind == SimulatorKind::kSwtpm ? "Swtpm" : "SoftHsm";
  return device + (info.param.way == Way::kGrpc ? "" : "OverConnect");
}

// Suites that know no transport.
#define LABREC_ON_EVERY_DEVICE(suite) \
  INSTANTIATE_TEST_SUITE_P(           \
      Devices, suite,                 \
      testing::Values(ServerParam{SimulatorKind::kSwtpm}, ServerParam{SimulatorKind::kSoftHsm}), NameOf)
#define LABREC_ON_EVERY_DEVICE_AND_WAY(suite)                                                   \
  INSTANTIATE_TEST_SUITE_P(                                                                     \
      Devices, suite,                                                                           \
      testing::Values(ServerParam{SimulatorKind::kSwtpm}, ServerParam{SimulatorKind::kSoftHsm}, \
                      ServerParam{SimulatorKind::kSwtpm, Way::kConnect},                        \
                      ServerParam{SimulatorKind::kSoftHsm, Way::kConnect}),                     \
      NameOf)

// A call was refused with this code and these words.
#define EXPECT_REFUSED(call, code, words)                                                 \
  do {                                                                                    \
    const grpc::Status refused_ = (call);                                                 \
    EXPECT_EQ(refused_.error_code(), grpc::StatusCode::code) << refused_.error_message(); \
    EXPECT_THAT(refused_.error_message(), testing::HasSubstr(words));                     \
  } while (false)

}  // namespace labrec::test

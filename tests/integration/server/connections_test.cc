#include <string>
#include <vector>

#include "tests/integration/server/test.h"
#include "tests/support/net/http2_connection.h"
#include "tests/support/process/eventually.h"

namespace labrec::test {
namespace {

constexpr char kGetRealm[] = "/labyrinth.recovery.v1.Recovery/GetRealm";

class ServerConnections : public ServerTest {
 protected:
  void SetUp() override {
    RealmFixture::Options options;
    options.transport = RealmFixture::Transport::kLoopbackTls;
    options.limits = absl::StrCat("connections = ", kLimit);
    StartRealm(options);
    ASSERT_NE(realm_, nullptr);
    const std::string& address = realm_->address();
    port_ = std::stoi(address.substr(address.rfind(':') + 1));
  }
  // One more connection, once the daemon has seen that others are closed.
  absl::StatusOr<Http2Connection> OpenWhenThereIsRoom() {
    absl::StatusOr<Http2Connection> connection;
    Eventually([&] { return (connection = Http2Connection::Open(tls_.get(), port_)).ok(); });
    return connection;
  }

  static constexpr size_t kLimit = 5;
  const TlsContext tls_ = NewTlsContext();
  int port_ = 0;
};
// Connections do not know the device.
INSTANTIATE_TEST_SUITE_P(Devices, ServerConnections, testing::Values(ServerParam{SimulatorKind::kSwtpm}),
                         NameOf);

TEST_P(ServerConnections, OneOverTheLimitIsClosedAndTheOthersGoOn) {
  std::vector<Http2Connection> open;
  while (open.size() < kLimit) {
    auto connection = OpenWhenThereIsRoom();
    ASSERT_TRUE(connection.ok()) << connection.status();
    open.push_back(*std::move(connection));
  }
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Http2Connection::Open(tls_.get(), port_).status().code(), absl::StatusCode::kUnavailable);
  }
  EXPECT_TRUE(realm_->WaitForLog("5 connections are open: refused one more").ok());
  for (Http2Connection& connection : open) EXPECT_TRUE(connection.Call(kGetRealm).ok());
  Admin({"status"});  // the operator has a socket of its own

  open.pop_back();
  auto again = OpenWhenThereIsRoom();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->Call(kGetRealm).ok());
  EXPECT_FALSE(Http2Connection::Open(tls_.get(), port_).ok());
}

// Which of them served what before does not matter: far more than the limit, one after the other.
TEST_P(ServerConnections, ClosedOnesDoNotCount) {
  for (size_t i = 0; i < 10 * kLimit; ++i) {
    auto connection = OpenWhenThereIsRoom();
    ASSERT_TRUE(connection.ok()) << connection.status();
    ASSERT_TRUE(connection->Call(kGetRealm).ok());
  }
}

}  // namespace
}  // namespace labrec::test

#include <cstring>
#include <string>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hsm/base/file.h"
#include "recovery/realm/folder.h"
#include "tests/integration/server/test.h"

namespace labrec::test {
namespace {

class ServerAdmin : public ServerTest {
 protected:
  void SetUp() override {
    RealmFixture::Options options;
    options.first_device = "admin";
    StartRealm(options);
    ASSERT_NE(realm_, nullptr);
  }
  std::string Write(const char* name, std::string_view content) const {
    const std::string path = realm_->state() / name;
    EXPECT_TRUE(WriteFile(path, AsBytes(content), 0600, Overwrite::kReplace).ok());
    return path;
  }
  static std::vector<std::string> For(const std::string& account, std::vector<std::string> words) {
    words.insert(words.end(), {"--tenant", "chat", "--account", account});
    return words;
  }
  std::string AuditLog() const {
    return ToString(*ReadFile(recovery::RealmFolder(realm_->state()).AuditPath()));
  }
};
LABREC_ON_EVERY_DEVICE(ServerAdmin);

TEST_P(ServerAdmin, DevicesAndRecords) {
  ApiClient alice(*realm_, "alice");
  v1::EnrollDeviceResponse refused;
  EXPECT_REFUSED(alice.Call(&v1::Recovery::Stub::EnrollDevice, alice.EnrollRequest(), &refused),
                 FAILED_PRECONDITION, "");

  const std::string pem = Write("alice.pem", alice.device.public_key().Pem());
  const Json enrolled = Admin(For("alice", {"device", "enroll", "--public-key", pem, "--name", "the phone"}));
  const std::string id = Hex(alice.device.public_key().DeviceId());
  EXPECT_EQ(enrolled["device_id"], id);
  const Json devices = Admin(For("alice", {"device", "list"}))["devices"];
  ASSERT_EQ(devices.size(), 1U);
  EXPECT_EQ(devices[0]["device_id"], id);
  EXPECT_EQ(devices[0]["name"], "the phone");
  EXPECT_EQ(devices[0]["enrolled_by"], "admin");

  v1::BeginRegistrationResponse begun;
  ASSERT_TRUE(alice.Begin(&begun).ok());
  v1::FinishRegistrationRequest request = alice.FinishRequest(begun.registration_id());
  alice.SignRegistration(request);
  v1::FinishRegistrationResponse finished;
  ASSERT_TRUE(alice.Call(&v1::Recovery::Stub::FinishRegistration, request, &finished).ok());
  ASSERT_TRUE(alice.Activate().ok());
  const Json shown = ShowRecord("alice");
  EXPECT_EQ(shown["state"], "usable");
  EXPECT_EQ(shown["remaining"], 10);
  EXPECT_EQ(shown["versions"][0]["stage"], "active");
  EXPECT_EQ(shown["config_sha256"], Hex(Sha256(AsBytes(request.config()))));

  const auto record = For("alice", {"record", "delete", "--record", "main"});
  EXPECT_FALSE(realm_->Admin(record).ok()) << "not without --yes";
  EXPECT_EQ(ShowRecord("alice")["state"], "usable");
  Admin(For("alice", {"record", "delete", "--record", "main", "--yes"}));
  const auto gone = realm_->Admin(For("alice", {"record", "show", "--record", "main"}));
  EXPECT_THAT(gone.status().ToString(), testing::HasSubstr("account \"alice\" has no record \"main\""));
  Admin(For("alice", {"device", "revoke", "--device-id", id}));
  EXPECT_TRUE(Admin(For("alice", {"device", "list"}))["devices"].empty());
}

TEST_P(ServerAdmin, WhatItDoesStandsInTheAuditLog) {
  ApiClient alice(*realm_, "alice");
  const std::string pem = Write("alice.pem", alice.device.public_key().Pem());
  Admin(For("alice", {"device", "enroll", "--public-key", pem}));
  EXPECT_FALSE(realm_->Admin(For("alice", {"device", "revoke", "--device-id", std::string(32, '0')})).ok());
  const std::string audit = AuditLog();
  for (const char* event : {"\"device_enroll\"", "\"device_enroll_done\"", "\"device_revoke\"",
                            "\"device_revoke_failed\"", "\"operator uid 0 pid "}) {
    EXPECT_THAT(audit, testing::HasSubstr(event));
  }
  EXPECT_THAT(audit, testing::HasSubstr(Hex(alice.device.public_key().DeviceId())));
}

TEST_P(ServerAdmin, ATenantThatIsNotConfiguredGetsNoDevice) {
  const std::string pem = Write("key.pem", EcdsaPrivateKey::Generate().public_key().Pem());
  const auto refused =
      realm_->Admin({"device", "enroll", "--tenant", "typo", "--account", "alice", "--public-key", pem});
  EXPECT_THAT(std::string(refused.status().message()), testing::HasSubstr("\"typo\" is not in"));
}

// 'y' if the other side speaks (HTTP/2 SETTINGS), 'n' if it closes, 'c' if nobody can connect.
char Knock(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return 'c';
  char byte = 0;
  const bool spoke = read(fd, &byte, 1) == 1;
  close(fd);
  return spoke ? 'y' : 'n';
}

char KnockAs(uid_t user, const std::filesystem::path& path) {
  const pid_t child = fork();
  if (child == 0) _exit(setresuid(user, user, user) == 0 ? Knock(path) : 'x');
  int status = 0;
  waitpid(child, &status, 0);
  return static_cast<char>(WEXITSTATUS(status));
}

// File modes keep a foreign user out; where somebody loosened them, the kernel's word on who it is does.
TEST_P(ServerAdmin, AForeignUserIsRefused) {
  ASSERT_EQ(geteuid(), 0U) << "this test takes the part of another user: run it as root, as CI does";
  constexpr uid_t kNobody = 65534;
  const std::filesystem::path path = realm_->admin_socket();
  EXPECT_EQ(KnockAs(kNobody, path), 'c');
  ASSERT_EQ(chmod(path.parent_path().c_str(), 0755), 0);
  ASSERT_EQ(chmod(path.c_str(), 0666), 0);
  EXPECT_EQ(KnockAs(kNobody, path), 'n');
  EXPECT_TRUE(realm_->WaitForLog("admin socket: refused uid 65534").ok());
  EXPECT_EQ(KnockAs(0, path), 'y');
}

}  // namespace
}  // namespace labrec::test

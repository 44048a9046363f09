#include "tests/integration/mailbox/world.h"

#include <cstdio>
#include <fstream>
#include <iostream>

#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include "hsm/base/file.h"
#include "recovery/client/base/realm_address.h"
#include "tests/support/checkout_paths.h"

namespace labrec::mailbox {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using recovery::client::RealmSet;
using test::RealmFixture;
using test::SimulatorKind;

constexpr SimulatorKind kKinds[] = {SimulatorKind::kSwtpm, SimulatorKind::kSoftHsm, SimulatorKind::kSwtpm};
constexpr const char* kNames[] = {"oslo", "porto", "quito"};

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << status << "\n";
  std::abort();
}

}  // namespace

MailboxWorld::MailboxWorld() {
  StartRealms();
  WriteRealmList();
  store_ = std::make_unique<OperatedStore>(GetParam(), folder());
}

void MailboxWorld::StartRealms() {
  for (size_t i = 0; i < kRealms; ++i) {
    RealmFixture::Options options;
    options.name = kNames[i];
    options.transport = RealmFixture::Transport::kLoopbackTls;
    auto realm = RealmFixture::Make(kKinds[i], options);
    Check(realm.status());
    Check((*realm)->StartDaemon());
    realms_.push_back(*std::move(realm));
  }
}

void MailboxWorld::WriteRealmList() {
  std::ofstream list(folder() / "realms.toml");
  list << "threshold = 2\n";
  for (size_t i = 0; i < kRealms; ++i) {
    const fs::path token = folder() / (std::string(kNames[i]) + ".jwt");
    std::ofstream(token) << realms_[i]->Token("alice");
    list << "[[realm]]\nid = \"" << realms_[i]->realm_id() << "\"\nname = \"" << kNames[i]
         << "\"\naddress = \"" << (liars_[i] ? liars_[i]->address() : realms_[i]->address())
         << "\"\nca_certificate = \""
         << (liars_[i] ? certificate_.certificate_file() : realms_[i]->ca_certificate()).string()
         << "\"\ntoken_file = \"" << token.string() << "\"\n";
  }
}

test::RealmProxy& MailboxWorld::LiarBefore(size_t realm) {
  if (!liars_[realm]) {
    const auto issuer = ReadFile(realms_[realm]->ca_certificate());
    Check(issuer.status());
    liars_[realm] =
        std::make_unique<test::RealmProxy>(realms_[realm]->address(), ToString(*issuer), certificate_);
    WriteRealmList();
  }
  return *liars_[realm];
}

Outcome MailboxWorld::Run(const std::string& home, const std::string& arguments, const std::string& input) {
  std::ofstream(folder() / "input") << input;
  const std::string command = "LABYRINTH_MAILBOX_REALMS=" + (folder() / "realms.toml").string() + " " +
                              std::string(LABREC_BIN_DIR) + "/labyrinth-mailbox --home " +
                              (folder() / home).string() + " --store " + store_->name() + " --timeout 5 " +
                              arguments + " < " + (folder() / "input").string() + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {-1, "popen failed"};
  std::string output;
  char buffer[4096];
  while (const size_t got = fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, got);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

std::string MailboxWorld::MustRun(const std::string& home, const std::string& arguments,
                                  const std::string& input) {
  const Outcome outcome = Run(home, arguments, input);
  EXPECT_EQ(outcome.exit_code, 0) << home << ": " << arguments << ": " << outcome.output;
  return outcome.output;
}

Outcome MailboxWorld::Revoke(const std::string& home, const std::string& id, const std::string& more) {
  MustRun(home, "device list " + more);
  return Run(home, "device revoke " + id + " " + more);
}

std::string MailboxWorld::MustRevoke(const std::string& home, const std::string& id,
                                     const std::string& more) {
  const Outcome outcome = Revoke(home, id, more);
  EXPECT_EQ(outcome.exit_code, 0) << home << ": " << outcome.output;
  return outcome.output;
}

Outcome MailboxWorld::Restore(const std::string& home, const std::string& more, const std::string& pin) {
  return Run(home, "restore --pin-stdin " + more, pin + "\n");
}

void MailboxWorld::Write(const std::string& home, const std::string& epoch) {
  MustRun(home, "send family 'family in epoch " + epoch + "'");
  MustRun(home, "send work 'work in epoch " + epoch + "'");
}

void MailboxWorld::LiveUntilEpoch3() {
  MustRun("phone", std::string("init") + kStart);
  Write("phone", "0");
  MustRun("phone", "code make --pin-stdin", std::string(kPin) + "\n");
  for (const char* epoch : {"1", "2", "3"}) {
    const std::string old = std::string("old") + epoch;
    MustRun("phone", "device add --new-home " + (folder() / old).string());
    const std::string revoked = MustRevoke("phone", IdOf(old));
    EXPECT_THAT(revoked, ::testing::HasSubstr(std::string("opened epoch ") + epoch));
    EXPECT_THAT(revoked, ::testing::HasSubstr("revoked at 3 realms"));
    Write("phone", epoch);
  }
}

void MailboxWorld::ExpectAllReadable(const std::string& history) {
  for (const char* epoch : {"0", "1", "2", "3"}) {
    for (const char* thread : {"family", "work"}) {
      EXPECT_THAT(history, ::testing::HasSubstr(std::string(thread) + ": " + thread + " in epoch " + epoch));
    }
  }
}

std::string MailboxWorld::IdOf(const std::string& home) {
  const std::string list = MustRun(home, "device list");
  const size_t mark = list.find("this device");
  EXPECT_NE(mark, std::string::npos) << list;
  const size_t line = list.rfind('\n', mark);
  return list.substr(line + 1, 32);
}

void MailboxWorld::KeepHome(const std::string& home, const std::string& copy) {
  fs::copy(folder() / home, folder() / copy, fs::copy_options::recursive);
}

int64_t MailboxWorld::FloorAt(size_t realm) {
  const auto shown = realms_[realm]->Admin(
      {"record", "show", "--tenant", "chat", "--account", "alice", "--record", "default"});
  if (!shown.ok()) return -1;
  const json record = json::parse(*shown, nullptr, false);
  if (!record.is_object() || !record.contains("floor") || record["floor"].is_null()) return -1;
  return record["floor"]["sequence"].get<int64_t>();
}

std::vector<size_t> MailboxWorld::EnrolledDevices() {
  std::vector<size_t> counts;
  for (const auto& realm : realms_) {
    const auto shown = realm->Admin({"device", "list", "--tenant", "chat", "--account", "alice"});
    const json list = shown.ok() ? json::parse(*shown, nullptr, false) : json();
    counts.push_back(list.is_object() && list.contains("devices") ? list["devices"].size() : 0);
  }
  return counts;
}

std::vector<uint32_t> MailboxWorld::TriesLeft() {
  std::vector<uint32_t> tries;
  for (const auto& realm : realms_) {
    const auto shown =
        realm->Admin({"record", "show", "--tenant", "chat", "--account", "alice", "--record", "default"});
    Check(shown.status());
    tries.push_back(json::parse(*shown)["remaining"].get<uint32_t>());
  }
  return tries;
}

std::unique_ptr<RealmSet> MailboxWorld::NewRealmSet() const {
  auto list = recovery::client::LoadRealmList(folder() / "realms.toml");
  Check(list.status());
  auto set = std::make_unique<RealmSet>("chat", "alice");
  for (size_t i = 0; i < kRealms; ++i) Check(set->Add(list->realms[i], realms_[i]->Token("alice")));
  return set;
}

}  // namespace labrec::mailbox

#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "recovery/client/base/realm_set.h"
#include "recovery/labyrinth/base/message_store.h"
#include "tests/support/realm/realm_fixture.h"
#include "tests/support/realm/realm_proxy.h"

namespace labrec::mailbox {

// Which message store a journey runs over.
enum class StoreKind { kFolder, kServer };
inline void PrintTo(StoreKind kind, std::ostream* out) {
  *out << (kind == StoreKind::kFolder ? "Folder" : "Server");
}

// A message store as its operator has it: a folder, or the program labyrinth-mailboxd on a database. What it
// holds can be looked at, kept and put back: it need not be honest.
class OperatedStore {
 public:
  OperatedStore(StoreKind kind, std::filesystem::path folder);
  void Start();
  void Stop();  // returns when nobody has the files open

  std::string name() const;                     // for --store
  pid_t pid() const { return server_->pid(); }  // of labyrinth-mailboxd
  std::unique_ptr<recovery::labyrinth::MessageStore> Open() const;
  // Every byte it holds.
  std::string Dump();
  // All it holds, into a folder of that name, and back.
  void Keep(const std::string& snapshot);
  void PutBack(const std::string& snapshot);
  // Forgets the newest epoch.
  void HideNewestEpoch();
  // What clients can see of it, as text: epochs, members, counts, bundles.
  std::string Summary() const;

 private:
  void Edit(const char* sql);
  std::filesystem::path Database() const { return folder_ / "store" / "mailboxes.db"; }

  StoreKind kind_;
  std::filesystem::path folder_;
  std::unique_ptr<test::ChildProcess> server_;
};

struct Outcome {
  int exit_code;
  std::string output;  // stdout and stderr
};

// Three realms with different devices, run as their programs, any two of which bring a code back; a message
// store; and the program labyrinth-mailbox for account "alice" of tenant "chat".
class MailboxWorld : public ::testing::TestWithParam<StoreKind> {
 protected:
  static constexpr size_t kRealms = 3;
  static constexpr char kPin[] = "493817";
  static constexpr char kStart[] = " --tenant chat --account alice";

  MailboxWorld();

  // `arguments` go through a shell.
  Outcome Run(const std::string& home, const std::string& arguments, const std::string& input = "");
  std::string MustRun(const std::string& home, const std::string& arguments, const std::string& input = "");
  // As an owner does it who looks at the list first; `more` are further arguments.
  Outcome Revoke(const std::string& home, const std::string& id, const std::string& more = "");
  std::string MustRevoke(const std::string& home, const std::string& id, const std::string& more = "");
  // restore by PIN; `more` are further arguments.
  Outcome Restore(const std::string& home, const std::string& more = "", const std::string& pin = kPin);
  // A message in each of two threads, in the epoch that is the newest.
  void Write(const std::string& home, const std::string& epoch);
  // A phone, a code sealed under the PIN in epoch 0, and messages in epochs 0 to 3, which revoking three
  // devices opens.
  void LiveUntilEpoch3();
  static void ExpectAllReadable(const std::string& history);
  // The hexadecimal id of a member's own device.
  std::string IdOf(const std::string& home);
  void KeepHome(const std::string& home, const std::string& copy);

  // The floor's number that a realm's operator sees; -1: none.
  int64_t FloorAt(size_t realm);
  std::vector<int64_t> Floors() { return {FloorAt(0), FloorAt(1), FloorAt(2)}; }
  // How many devices each realm has enrolled.
  std::vector<size_t> EnrolledDevices();
  std::vector<uint32_t> TriesLeft();
  // A client of the realms, as the library has it.
  std::unique_ptr<recovery::client::RealmSet> NewRealmSet() const;

  std::filesystem::path folder() const { return folder_.path(); }
  test::RealmFixture& realm(size_t i) { return *realms_[i]; }
  // What stands before a realm from the first call on, so that it lies.
  test::RealmProxy& LiarBefore(size_t realm);
  OperatedStore& store() { return *store_; }

 private:
  void StartRealms();
  void WriteRealmList();

  test::TemporaryFolder folder_;
  std::vector<std::unique_ptr<test::RealmFixture>> realms_;
  test::TestCertificate certificate_;
  std::vector<std::unique_ptr<test::RealmProxy>> liars_ =
      std::vector<std::unique_ptr<test::RealmProxy>>(kRealms);
  std::unique_ptr<OperatedStore> store_;
};

}  // namespace labrec::mailbox

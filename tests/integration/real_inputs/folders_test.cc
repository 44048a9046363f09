// Row 10: folders that operators make ready for a realm.

#include <string>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "absl/strings/str_cat.h"

#include "tests/integration/real_inputs/inputs.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/tpm/swtpm.h"

namespace labrec::test {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

constexpr char kNoDevice[] = "tpm2:swtpm:path=/nowhere";

std::string Device(const Swtpm& tpm) {
  return absl::StrCat("tpm2:", tpm.tcti());
}

struct stat Facts(const fs::path& path) {
  struct stat found {};
  EXPECT_EQ(stat(path.c_str(), &found), 0) << path;
  return found;
}

std::vector<std::string> Names(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  return names;
}

void ExpectARealm(const fs::path& state) {
  EXPECT_TRUE(fs::exists(state / "realm.json"));
  EXPECT_EQ(Facts(state).st_mode & 07777, 0700U);
  const FinishedCommand shown =
      RunCommand({LABREC_BIN_DIR "/labyrinth-admin", "anchor", "verify", "--state", state});
  EXPECT_EQ(shown.code, 0) << shown.err;
}

}  // namespace

// In a mount namespace of its own, as only root can make one.
TEST_F(RealInputs, Row10_AnEmptyMountPointHoldsARealm) {
  const auto tpm = *Swtpm::Start();
  fs::create_directory(Path("mount"));
  for (const char* top : {"", "mkdir -m 0700 mount/lost+found &&"}) {  // ext4 makes that
    const std::string init = absl::StrCat(
        "cd '", folder_.path().string(), "' && mount -t tmpfs none mount && ", top,
        " '" LABREC_BIN_DIR "/labyrinth-admin' realm init --state mount --device '", Device(*tpm),
        "' && (cd mount && test -s realm.json) && '" LABREC_BIN_DIR
        "/labyrinth-admin' anchor verify --state mount");
    const FinishedCommand ended = RunCommand({"unshare", "--mount", "sh", "-c", init});
    EXPECT_EQ(ended.code, 0) << ended.err;
  }
}

TEST_F(RealInputs, Row10_AReadOnlyMountPointIsRefusedByName) {
  fs::create_directory(Path("mount"));
  const std::string init =
      absl::StrCat("cd '", folder_.path().string(), "' && mount -t tmpfs -o ro none mount && exec '",
                   LABREC_BIN_DIR "/labyrinth-admin' realm init --device ", kNoDevice, " --state ");
  for (const char* state : {"mount", "mount/realm"}) {
    const FinishedCommand ended = RunCommand({"unshare", "--mount", "sh", "-c", init + state});
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.err, HasSubstr("Read-only file system"));
    EXPECT_THAT(ended.err, HasSubstr(Path("mount")));
  }
}

TEST_F(RealInputs, Row10_ALinkToAnEmptyFolderIsFollowed) {
  const auto tpm = *Swtpm::Start();
  fs::create_directory(Path("disk"));
  fs::create_symlink("disk", Path("realm"));
  const FinishedCommand ended = Init(Device(*tpm), Path("realm"));
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_TRUE(fs::is_symlink(Path("realm")));
  ExpectARealm(Path("disk"));
  // The slash that the shell completes changes nothing.
  fs::create_directory(Path("other"));
  fs::create_symlink("other", Path("slash"));
  const FinishedCommand again = Init(Device(*tpm), Path("slash/"));
  EXPECT_EQ(again.code, 0) << again.err;
  ExpectARealm(Path("other"));
}

// StateDirectory= of systemd makes such a folder, below one of root's.
TEST_F(RealInputs, Row10_AnOwnFolderBelowAClosedOneHoldsARealm) {
  const auto tpm = *Swtpm::Start();
  GiveToService(tpm->socket().parent_path());
  fs::create_directories(Path("lib/labyrinth"));
  fs::permissions(Path("lib/labyrinth"), fs::perms(0755));
  GiveToService(Path("lib/labyrinth"));
  const FinishedCommand ended = AsService(
      "labyrinth-admin", {"realm", "init", "--device", Device(*tpm), "--state", Path("lib/labyrinth")});
  EXPECT_EQ(ended.code, 0) << ended.err;
  ExpectARealm(Path("lib/labyrinth"));
}

TEST_F(RealInputs, Row10_WhatRootMakesInTheServicesFolderIsTheServices) {
  const auto tpm = *Swtpm::Start();
  GiveToService(tpm->socket().parent_path());
  fs::permissions(folder_.path(), fs::perms(0755));
  fs::create_directories(Path("lib/labyrinth"));
  GiveToService(Path("lib/labyrinth"));
  const FinishedCommand ended = Init(Device(*tpm), Path("lib/labyrinth"));
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(Facts(Path("lib/labyrinth")).st_uid, kService);
  for (const auto& entry : fs::directory_iterator(Path("lib/labyrinth"))) {
    EXPECT_EQ(Facts(entry.path()).st_uid, kService) << entry.path();
  }
}

// Each is named before a device is asked for anything: here there is none.
TEST_F(RealInputs, Row10_AFolderThatCannotHoldARealmIsNamedFirst) {
  fs::create_directories(Path("full/something"));
  fs::create_directory(Path("closed"));
  fs::create_symlink("nothing", Path("dangling"));
  fs::create_symlink("file", Path("to-file"));
  Write("file", "");
  const std::pair<std::string, std::string> refused[] = {
      {"full", "is in use"},
      {"file", "is in use"},
      {"to-file", "is in use"},
      {"dangling", "is a link that leads to no folder"},
      {"nothing/realm", "No such file or directory"},
      {"file/realm", "Not a directory"},
      {"full/../full", "is in use"},
  };
  for (const auto& [name, why] : refused) {
    const FinishedCommand ended = Init(kNoDevice, Path(name));
    EXPECT_EQ(ended.code, 1) << name;
    EXPECT_THAT(ended.err, HasSubstr(folder_.path())) << name;
    EXPECT_THAT(ended.err, HasSubstr(why)) << name;
  }
  const FinishedCommand ended =
      AsService("labyrinth-admin", {"realm", "init", "--device", kNoDevice, "--state", Path("closed")});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, HasSubstr(Path("closed")));
  EXPECT_THAT(ended.err, HasSubstr("Permission denied"));
}

TEST_F(RealInputs, Row10_WhatFailsLeavesTheFolderEmptyAgain) {
  fs::create_directories(Path("mine/lost+found"));
  EXPECT_EQ(Init(kNoDevice, Path("mine")).code, 1);
  EXPECT_EQ(Names(Path("mine")), std::vector<std::string>{"lost+found"});
  EXPECT_EQ(Init(kNoDevice, Path("new")).code, 1);
  fs::remove_all(Path("mine"));
  EXPECT_THAT(Names(folder_.path()), IsEmpty());
}

}  // namespace labrec::test

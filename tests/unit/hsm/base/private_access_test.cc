#include "hsm/base/private_access.h"

#include <cstdlib>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hsm/base/file.h"
#include "tests/support/process/finished_command.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec {
namespace {

namespace fs = std::filesystem;

// Whose access control lists setfacl writes.
class PrivateAccess : public testing::Test {
 protected:
  ~PrivateAccess() override { unsetenv("CREDENTIALS_DIRECTORY"); }

  fs::path Make(const std::string& name, unsigned mode, const std::vector<std::string>& acl = {}) {
    const fs::path path = folder_.path() / name;
    EXPECT_TRUE(WriteFile(path, AsBytes("secret"), mode, Overwrite::kReplace).ok());
    Grant(path, acl);
    return path;
  }
  void Grant(const fs::path& path, const std::vector<std::string>& acl) {
    for (const std::string& entry : acl) {
      const auto set = test::RunCommand({"setfacl", "-m", entry, path});
      ASSERT_EQ(set.code, 0) << "setfacl (Debian package acl) " << entry << ": " << set.err;
    }
  }
  static bool IsRead(const fs::path& path) { return ReadSecretFile(path).ok(); }
  static unsigned ModeOf(const fs::path& path) {
    struct stat found {};
    EXPECT_EQ(stat(path.c_str(), &found), 0);
    return found.st_mode & 0777;
  }

  test::TemporaryFolder folder_;
};

TEST_F(PrivateAccess, IsOneUsersBesidesRoot) {
  ASSERT_EQ(geteuid(), 0U) << "this test makes root's files: run it as root, as CI does";
  EXPECT_TRUE(IsRead(Make("own", 0400)));
  const fs::path granted = Make("granted", 0400, {"u:65533:r"});
  EXPECT_EQ(ModeOf(granted), 0440U) << "the mask shows as the group's bits";
  EXPECT_TRUE(IsRead(granted));
  EXPECT_TRUE(IsRead(Make("root-named", 0600, {"u:0:rw", "u:65533:r"})));
  EXPECT_TRUE(IsRead(Make("nobody-in-effect", 0600, {"u:65533:r", "u:65532:r", "m::-"})));
  const fs::path owned = Make("owned", 0600, {"u:65533:r"});
  ASSERT_EQ(chown(owned.c_str(), 65533, 65533), 0);
  EXPECT_TRUE(IsRead(owned)) << "the owner, named once more";
}

TEST_F(PrivateAccess, IsNotSharedWithAnybodyElse) {
  EXPECT_FALSE(IsRead(Make("two", 0400, {"u:65533:r", "u:65532:r"})));
  EXPECT_FALSE(IsRead(Make("group", 0440)));
  EXPECT_FALSE(IsRead(Make("owning-group", 0440, {"u:65533:r"})));
  EXPECT_FALSE(IsRead(Make("named-group", 0400, {"g:65533:r"})));
  EXPECT_FALSE(IsRead(Make("others", 0404, {"u:65533:r"})));
  EXPECT_FALSE(IsRead(Make("masked-others", 0604, {"u:65533:r", "m::-"})));
  EXPECT_FALSE(IsRead(Make("writers", 0600, {"u:65533:w", "u:65532:w"})));
  const fs::path owned = Make("owned", 0600, {"u:65532:r"});
  ASSERT_EQ(chown(owned.c_str(), 65533, 65533), 0);
  EXPECT_FALSE(IsRead(owned)) << "the owner and another one";
}

TEST_F(PrivateAccess, OfACredentialIsItsFolders) {
  const fs::path file = Make("pin", 0440);
  ASSERT_EQ(chmod(folder_.path().c_str(), 0500), 0);
  EXPECT_FALSE(IsRead(file));
  setenv("CREDENTIALS_DIRECTORY", folder_.path().c_str(), 1);
  EXPECT_TRUE(IsRead(file));
  Grant(folder_.path(), {"u:65533:rx"});
  EXPECT_EQ(ModeOf(folder_.path()), 0550U);
  EXPECT_TRUE(IsRead(file));
  Grant(folder_.path(), {"u:65532:x"});
  EXPECT_FALSE(IsRead(file)) << "another one gets into the folder";
}

TEST_F(PrivateAccess, OfACredentialIsNoMatterOfTheNameAlone) {
  const fs::path file = Make("pin", 0440);
  for (const std::string& folder :
       {std::string(), std::string("."), folder_.path().string() + "x", std::string("/proc/self/nothing"),
        folder_.path().string().substr(0, folder_.path().string().size() - 1)}) {
    setenv("CREDENTIALS_DIRECTORY", folder.c_str(), 1);
    EXPECT_FALSE(IsRead(file)) << folder;
  }
  const fs::path inside = folder_.path() / "credentials";
  ASSERT_EQ(mkdir(inside.c_str(), 0500), 0);
  fs::create_symlink("../pin", inside / "pin");
  setenv("CREDENTIALS_DIRECTORY", inside.c_str(), 1);
  EXPECT_FALSE(IsRead(inside / "pin")) << "it lies elsewhere";
  setenv("CREDENTIALS_DIRECTORY", "/tmp", 1);
  EXPECT_FALSE(IsRead(file)) << "everybody gets into /tmp";
}

}  // namespace
}  // namespace labrec

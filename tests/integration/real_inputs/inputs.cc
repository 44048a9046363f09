#include "tests/integration/real_inputs/inputs.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/file.h"
#include "tests/support/checkout_paths.h"

namespace labrec::test {

namespace fs = std::filesystem;

fs::path RealInputs::Write(std::string_view name, std::string_view content, unsigned mode) const {
  EXPECT_TRUE(WriteFile(Path(name), AsBytes(content), mode, Overwrite::kReplace).ok());
  return Path(name);
}

FinishedCommand RealInputs::Admin(std::vector<std::string> words) {
  words.insert(words.begin(), LABREC_BIN_DIR "/labyrinth-admin");
  return RunCommand(words);
}

FinishedCommand RealInputs::Init(const std::string& device, const fs::path& state,
                                 const std::vector<std::string>& more) {
  std::vector<std::string> words = {"realm", "init", "--device", device, "--state", state};
  words.insert(words.end(), more.begin(), more.end());
  return Admin(std::move(words));
}

FinishedCommand RealInputs::AsService(const char* program, std::vector<std::string> words,
                                      const std::vector<std::string>& settings) const {
  EXPECT_EQ(geteuid(), 0U) << "this test becomes another user: run it as root, as CI does";
  fs::permissions(folder_.path(), fs::perms(0755));
  const fs::path copy = Path(program);  // nobody else may reach the checkout
  if (!fs::exists(copy)) {
    fs::copy_file(absl::StrCat(LABREC_BIN_DIR, "/", program), copy);
    fs::permissions(copy, fs::perms(0755));
  }
  std::vector<std::string> command = {"setpriv", absl::StrCat("--reuid=", kService),
                                      absl::StrCat("--regid=", kService), "--clear-groups", "env"};
  command.insert(command.end(), settings.begin(), settings.end());
  command.push_back(copy);
  command.insert(command.end(), words.begin(), words.end());
  return RunCommand(command);
}

void RealInputs::GiveToService(const fs::path& folder) {
  Run({"chown", "-R", absl::StrCat(kService, ":", kService), folder});
}

void RealInputs::Run(const std::vector<std::string>& command) {
  const FinishedCommand ended = RunCommand(command);
  ASSERT_EQ(ended.code, 0) << command[0] << ": " << ended.err;
}

}  // namespace labrec::test

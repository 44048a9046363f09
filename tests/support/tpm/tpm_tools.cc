#include "tests/support/tpm/tpm_tools.h"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/status_macros.h"

namespace labrec::test {
namespace {

constexpr char kOutput[] = "output";

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string Content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The exit status, or -1 if the program could not be started.
int Spawn(std::vector<std::string> words, const std::filesystem::path& folder,
          std::vector<std::string> settings) {
  const std::filesystem::path output = folder / kOutput;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                   0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  pid_t pid = -1;
  const int failed = posix_spawnp(&pid, words[0].c_str(), &actions, nullptr, Pointers(words).data(),
                                  Pointers(settings).data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return -1;
  int outcome = 0;
  while (waitpid(pid, &outcome, 0) < 0 && errno == EINTR) {
  }
  return outcome;
}

}  // namespace

absl::Status RunProgram(const std::vector<std::string>& words, const std::filesystem::path& folder,
                        const std::vector<std::string>& settings) {
  const char* path = std::getenv("PATH");
  std::vector<std::string> environment = settings;
  environment.push_back(absl::StrCat("PATH=", path == nullptr ? "/usr/bin:/bin" : path));
  environment.push_back(absl::StrCat("HOME=", folder.string()));
  const int outcome = Spawn(words, folder, environment);
  if (outcome == 0) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat(absl::StrJoin(words, " "), ": outcome ", outcome, ": ", Content(folder / kOutput)));
}

absl::Status TpmTools::Run(std::string_view line) const {
  std::vector<std::string> words = absl::StrSplit(AbslView(line), ' ');
  words.insert(words.begin(), "tpm2");
  const std::vector<std::string> settings = {"TPM2TOOLS_TCTI=" + tcti_, "TSS2_LOG=all+none"};
  const absl::Status outcome = RunProgram(words, folder(), settings);
  LABREC_RETURN_IF_ERROR(RunProgram({"tpm2", "flushcontext", "-t"}, folder(), settings));
  return outcome;
}

void TpmTools::Write(const std::string& name, ByteView content) const {
  std::ofstream(folder() / name, std::ios::binary) << AsText(content);
}

Bytes TpmTools::Read(const std::string& name) const {
  return ToBytes(Content(folder() / name));
}

}  // namespace labrec::test

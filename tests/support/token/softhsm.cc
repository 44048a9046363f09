#include "tests/support/token/softhsm.h"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/status_macros.h"

namespace labrec::test {
namespace {

namespace fs = std::filesystem;

constexpr char kLabel[] = "labrec test";
constexpr char kPin[] = "labrec-1234";

// SoftHSM2 waits for the disk at every object it makes, and no test cuts its power: a folder in memory is
// some twenty times faster.
fs::path FolderParent() {
  const char* const memory = "/dev/shm";
  return access(memory, W_OK) == 0 ? fs::path(memory) : fs::temp_directory_path();
}

void WritePrivate(const fs::path& path, std::string_view content) {
  std::ofstream(path) << content;
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
}

fs::path Configure(const fs::path& folder) {
  const fs::path tokens = folder / "tokens";
  fs::create_directories(tokens);
  const fs::path configuration = folder / "softhsm2.conf";
  WritePrivate(configuration, absl::StrCat("directories.tokendir = ", tokens.string(),
                                           "\nobjectstore.backend = file\nlog.level = ERROR\n"));
  return configuration;
}

absl::Status Run(std::vector<std::string> words, const std::string& variable) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::string setting = variable;
  std::vector<char*> variables = {setting.data(), nullptr};
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, arguments[0], &quiet, nullptr, arguments.data(), variables.data());
  posix_spawn_file_actions_destroy(&quiet);
  if (failed != 0) return absl::UnavailableError(absl::StrCat("cannot start ", words[0]));
  int outcome = 0;
  while (waitpid(pid, &outcome, 0) < 0 && errno == EINTR) {
  }
  if (outcome == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(words[0], " failed with ", outcome));
}

// The folder of a factory-new token, made once per process and never changed.
class Template {
 public:
  Template() : folder_(FolderParent()) {
    const fs::path configuration = Configure(folder_.path());
    made_ = Run({LABREC_SOFTHSM2_UTIL, "--init-token", "--free", "--label", kLabel, "--pin", kPin, "--so-pin",
                 "labrec-so-1234"},
                "SOFTHSM2_CONF=" + configuration.string());
    for (const auto& entry : fs::directory_iterator(folder_.path() / "tokens")) token_ = entry.path();
    if (made_.ok() && token_.empty()) made_ = absl::UnavailableError("softhsm2-util made no token");
  }
  absl::StatusOr<fs::path> token() const {
    if (!made_.ok()) return made_;
    return token_;
  }

 private:
  TemporaryFolder folder_;
  fs::path token_;
  absl::Status made_;
};

std::string Uri(const fs::path& module, const fs::path& pin_file) {
  return absl::StrCat("pkcs11:token=labrec%20test?module-path=", module.string(),
                      "&pin-source=file:", pin_file.string());
}

}  // namespace

SoftHsm::SoftHsm() : folder_(FolderParent()) {}

absl::StatusOr<std::unique_ptr<SoftHsm>> SoftHsm::Start() {
  static const Template made_once;
  std::unique_ptr<SoftHsm> token(new SoftHsm());
  LABREC_ASSIGN_OR_RETURN(token->template_, made_once.token());
  const fs::path& folder = token->folder_.path();
  setenv("SOFTHSM2_CONF", Configure(folder).c_str(), 1);
  WritePrivate(folder / "pin", absl::StrCat(kPin, "\n"));
  WritePrivate(folder / "wrong-pin", "labrec-wrong\n");
  token->CopyTemplate();
  return token;
}

SoftHsm::~SoftHsm() {
  const char* current = std::getenv("SOFTHSM2_CONF");
  if (current != nullptr && configuration() == current) unsetenv("SOFTHSM2_CONF");
}

std::string SoftHsm::uri() const {
  return Uri(LABREC_SOFTHSM2_MODULE, folder_.path() / "pin");
}

std::string SoftHsm::UriWithWrongPin() const {
  return Uri(LABREC_SOFTHSM2_MODULE, folder_.path() / "wrong-pin");
}

std::string SoftHsm::UriThrough(const fs::path& module) const {
  return Uri(module, folder_.path() / "pin");
}

void SoftHsm::Break() {
  fs::rename(TokenFolder(), AwayFolder());
}

void SoftHsm::Repair() {
  fs::rename(AwayFolder(), TokenFolder());
}

void SoftHsm::Replace() {
  fs::remove_all(AwayFolder());
  fs::remove_all(TokenFolder());
  CopyTemplate();
}

void SoftHsm::CopyTemplate() {
  // Copied aside and renamed, so that nobody who has the module open sees half of it.
  const fs::path aside = folder_.path() / "aside";
  fs::copy(template_, aside, fs::copy_options::recursive);
  fs::rename(aside, TokenFolder());
}

}  // namespace labrec::test

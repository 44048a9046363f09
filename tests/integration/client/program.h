#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "hsm/base/file.h"
#include "tests/integration/client/world.h"
#include "tests/support/checkout_paths.h"
#include "tests/support/process/temporary_folder.h"

namespace labrec::recovery::client {

struct Ended {
  int code = -1;
  std::string out;
  std::string err;
  nlohmann::json Json() const { return nlohmann::json::parse(out, nullptr, false); }
};

inline std::string Content(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

inline int ExitCodeOf(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// labyrinth-recover as users run it, against realms in this process.
class Program : public ClientWorld {
 protected:
  void SetUp() override {
    WriteFiles(folder_.path());
    ASSERT_TRUE(WriteFile(Path("secret"), AsBytes(kSecret), 0600, Overwrite::kRefuse).ok());
  }
  std::string Path(const std::string& name) const { return (folder_.path() / name).string(); }

  std::vector<std::string> Words(const std::string& command, const std::vector<std::string>& options) {
    std::vector<std::string> words = {LABREC_BIN_DIR "/labyrinth-recover"};
    std::istringstream names(command);  // "device list"
    for (std::string name; names >> name;) words.push_back(name);
    if (command != "device-key") {
      words.push_back("--realms");
      words.push_back(Path("realms.toml"));
    }
    words.insert(words.end(), options.begin(), options.end());
    return words;
  }
  [[noreturn]] static void Exec(std::vector<std::string>& words) {
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    _exit(126);
  }
  // With `input` as standard input, standard output and error into files.
  Ended Run(const std::string& command, const std::vector<std::string>& options,
            const std::string& input = "") {
    std::vector<std::string> words = Words(command, options);
    std::ofstream(Path("in")) << input;
    const std::string in = Path("in"), out = Path("out"), err = Path("err");
    const pid_t pid = fork();
    if (pid == 0) {
      dup2(open(in.c_str(), O_RDONLY), STDIN_FILENO);
      dup2(open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
      dup2(open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
      Exec(words);
    }
    Ended ended;
    ended.code = ExitCodeOf(pid);
    ended.out = Content(out);
    ended.err = Content(err);
    return ended;
  }
  Ended SealIt(const std::string& pin, const std::vector<std::string>& more = {}) {
    std::vector<std::string> options = {"--device-key", Path("phone.key"), "--secret-file",
                                        Path("secret"), "--threshold",     "2",
                                        "--pin-stdin"};
    options.insert(options.end(), more.begin(), more.end());
    return Run("seal", options, pin + "\n");
  }

  test::TemporaryFolder folder_;
};

}  // namespace labrec::recovery::client

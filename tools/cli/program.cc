#include "tools/cli/program.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

#include "hsm/base/secret_bytes.h"
#include "hsm/base/text/utf8.h"
#include "tools/cli/standard_output.h"

namespace labrec::cli {
namespace {

constexpr std::string_view kOurVariables = "LABYRINTH_";

// The lowest free number is taken, and all below are open by then. Standard output and error are opened for
// reading: writing to them fails, instead of leading nowhere without a word.
bool OpenMissingDescriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    if (open("/dev/null", O_RDONLY) != descriptor) return false;
  }
  return true;
}

// The option that the argument belongs to, or its place.
std::string NameOf(int place, char** argv) {
  const std::string_view word = argv[place];
  if (word.starts_with("-")) {
    const std::string_view option = word.substr(0, word.find('='));
    if (IsUtf8(option)) return std::string(option);
  } else if (place > 1 && argv[place - 1][0] == '-' &&
             std::string_view(argv[place - 1]).find('=') == std::string_view::npos) {
    return argv[place - 1];
  }
  return "argument " + std::to_string(place);
}

// What is wrong with the arguments themselves, whatever they are for.
std::optional<std::string> FindUnusable(int argc, char** argv) {
  for (int place = 1; place < argc; ++place) {
    const std::string_view word = argv[place];
    if (!IsUtf8(word)) return NameOf(place, argv) + ": its value is not UTF-8 text";
    if (word.empty() || (word.starts_with("--") && word.ends_with("="))) {
      return NameOf(place, argv) + ": its value is empty; leave it out where you mean none";
    }
  }
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (!text.starts_with(kOurVariables) || IsUtf8(text)) continue;
    const std::string_view name = text.substr(0, text.find('='));
    return IsUtf8(name) ? "the variable " + std::string(name) + ": its value is not UTF-8 text"
                        : "a variable that begins with LABYRINTH_: its name is not UTF-8 text";
  }
  return std::nullopt;
}

int RunAndCatch(const Program& program, int argc, char** argv, int (*run)(int, char**)) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", program.name, error.what());
  } catch (...) {
    std::fprintf(stderr, "%s: failed, and nothing says why\n", program.name);
  }
  return program.failure;
}

}  // namespace

int RunProgram(const Program& program, int argc, char** argv, int (*run)(int, char**)) {
  if (!OpenMissingDescriptors()) return program.failure;
  ForbidCoreDumps();
  for (const int of_output : {SIGPIPE, SIGXFSZ}) std::signal(of_output, SIG_IGN);
  if (const std::optional<std::string> wrong = FindUnusable(argc, argv)) {
    std::fprintf(stderr, "%s: %s\n", program.name, wrong->c_str());
    return program.usage;
  }
  const int code = RunAndCatch(program, argc, argv, run);
  if (!StandardOutputArrived(program.name) && code == 0) return program.failure;
  return code;
}

}  // namespace labrec::cli

// Writes docs/conformance anew: conformance_kit FOLDER. What it changes is a change of the protocol, or of
// what a client does, and to be read as one.

#include <filesystem>
#include <fstream>
#include <iostream>

#include "tests/vectors/conformance/kit.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: conformance_kit FOLDER\n";
    return 2;
  }
  for (const auto& [name, text] : labrec::conformance::MakeKit()) {
    const std::filesystem::path path = std::filesystem::path(argv[1]) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  return 0;
}

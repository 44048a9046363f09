#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

// A program's commands and options. CLI11 reads them; it takes seconds to compile wherever it is seen, so
// that programs with many commands see this. What is named here lives as long as its CommandLine. One thread.
namespace labrec::cli {

class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}
  Option Required() const;
  // What stands for the value in the help: "FILE".
  Option Word(const std::string& word) const;
  Option Range(int least, int greatest) const;
  // Not without the other one.
  Option Needs(const Option& other) const;
  // Not beside the other one.
  Option Excludes(const Option& other) const;
  // May be given more than once, with one value each time.
  Option Repeatable() const;

 private:
  CLI::Option* option_;
};

// A command, or a group of options of one.
class Command {
 public:
  Command() = default;
  explicit Command(CLI::App* app) : app_(app) {}

  Command AddCommand(const std::string& name, const std::string& what) const;
  // One of its commands has to be named.
  void RequireCommand() const;
  // Called when all is parsed, if this command was named.
  void WhenNamed(std::function<void()> run) const;

  // The values are set while parsing, and outlive it. A path is refused that nothing can lead to, as the
  // folder the program works in is gone.
  Option AddOption(const std::string& name, std::string& value, const std::string& what) const;
  Option AddOption(const std::string& name, std::filesystem::path& value, const std::string& what) const;
  Option AddOption(const std::string& name, uint32_t& value, const std::string& what) const;
  Option AddOption(const std::string& name, int64_t& value, const std::string& what) const;
  Option AddOption(const std::string& name, std::vector<std::string>& values, const std::string& what) const;
  Option AddFlag(const std::string& name, bool& value, const std::string& what) const;
  Option AddFlag(const std::string& name, std::function<void()> given, const std::string& what) const;
  // Options of which exactly one is given.
  Command AddChoice(const std::string& name, const std::string& what) const;

 private:
  CLI::App* app_ = nullptr;
};

class CommandLine {
 public:
  CommandLine(const std::string& what, const std::string& program, const std::string& version);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // Shown below the help of the program.
  void SetExamples(const std::string& examples);

  Command root() const { return Command(app_.get()); }

  enum class Outcome {
    kRun,        // the command that was named has run
    kAskedFor,   // help or version, printed
    kNotUsable,  // said what is wrong
  };
  Outcome Parse(int argc, char** argv);

 private:
  std::unique_ptr<CLI::App> app_;
};

}  // namespace labrec::cli

#include "tools/cli/command_line.h"

#include <utility>

#include <CLI/CLI.hpp>

#include "tools/cli/completion/completion.h"
#include "tools/cli/usage_error.h"

namespace labrec::cli {

Option Option::Required() const {
  return Option(option_->required());
}

Option Option::Word(const std::string& word) const {
  return Option(option_->option_text(word));
}

Option Option::Range(int least, int greatest) const {
  return Option(option_->check(CLI::Range(least, greatest)));
}

Option Option::Needs(const Option& other) const {
  return Option(option_->needs(other.option_));
}

Option Option::Excludes(const Option& other) const {
  return Option(option_->excludes(other.option_));
}

Option Option::Repeatable() const {
  return Option(
      option_->expected(1)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll));
}

Command Command::AddCommand(const std::string& name, const std::string& what) const {
  return Command(app_->add_subcommand(name, what));
}

void Command::RequireCommand() const {
  app_->require_subcommand(1);
}

void Command::WhenNamed(std::function<void()> run) const {
  app_->callback(std::move(run));
}

Option Command::AddOption(const std::string& name, std::string& value, const std::string& what) const {
  return Option(app_->add_option(name, value, what));
}

Option Command::AddOption(const std::string& name, std::filesystem::path& value,
                          const std::string& what) const {
  return Option(app_->add_option(name, value, what)->check(Reachable()));
}

Option Command::AddOption(const std::string& name, uint32_t& value, const std::string& what) const {
  return Option(app_->add_option(name, value, what));
}

Option Command::AddOption(const std::string& name, int64_t& value, const std::string& what) const {
  return Option(app_->add_option(name, value, what));
}

Option Command::AddOption(const std::string& name, std::vector<std::string>& values,
                          const std::string& what) const {
  return Option(app_->add_option(name, values, what));
}

Option Command::AddFlag(const std::string& name, bool& value, const std::string& what) const {
  return Option(app_->add_flag(name, value, what));
}

Option Command::AddFlag(const std::string& name, std::function<void()> given, const std::string& what) const {
  return Option(app_->add_flag_callback(name, std::move(given), what));
}

Command Command::AddChoice(const std::string& name, const std::string& what) const {
  CLI::Option_group* const group = app_->add_option_group(name, what);
  group->require_option(1);
  return Command(group);
}

CommandLine::CommandLine(const std::string& what, const std::string& program, const std::string& version)
    : app_(std::make_unique<CLI::App>(what, program)) {
  app_->set_version_flag("--version", version);
  AddCompletionOption(*app_);
}

CommandLine::~CommandLine() = default;

void CommandLine::SetExamples(const std::string& examples) {
  app_->footer(examples);
}

CommandLine::Outcome CommandLine::Parse(int argc, char** argv) {
  if (PrintedCompletion(*app_, argc, argv)) return Outcome::kAskedFor;
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return ExplainUsage(*app_, error) ? Outcome::kAskedFor : Outcome::kNotUsable;
  }
  return Outcome::kRun;
}

}  // namespace labrec::cli

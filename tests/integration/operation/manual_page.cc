#include "tests/integration/operation/manual_page.h"

#include <fstream>
#include <regex>

namespace labrec::test {
namespace {

std::string Unescaped(const std::string& text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      plain += text[i];
    } else if (text[++i] == 'f') {
      ++i;  // \fB, \fI, \fR, \fP
    } else if (text[i] != '&') {
      plain += text[i];  // \- and the like
    }
  }
  return plain;
}

// A macro's arguments, of which quoted ones may hold spaces.
std::vector<std::string> Arguments(const std::string& text) {
  std::vector<std::string> arguments;
  static const std::regex kArgument("\"([^\"]*)\"|([^ ]+)");
  for (std::sregex_iterator it(text.begin(), text.end(), kArgument), end; it != end; ++it) {
    arguments.push_back((*it)[1].matched ? (*it)[1] : (*it)[2]);
  }
  return arguments;
}

// .BR and its like set their arguments side by side, others keep the spaces.
std::string Joined(const std::string& macro, const std::string& text) {
  const bool alternates = macro.size() == 2 && macro.find_first_not_of("BIR") == std::string::npos;
  std::string joined;
  for (const std::string& argument : Arguments(text)) {
    if (!alternates && !joined.empty()) joined += ' ';
    joined += argument;
  }
  return joined;
}

}  // namespace

std::set<std::string> OptionWords(const std::string& text) {
  static const std::regex kOption("(?:^|[^-a-z])(--[a-z][-a-z0-9]*)");
  std::set<std::string> options;
  for (std::sregex_iterator it(text.begin(), text.end(), kOption), end; it != end; ++it) {
    options.insert((*it)[1]);
  }
  return options;
}

ManualPage::ManualPage(const std::string& file) {
  std::ifstream page(file);
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with('.')) {
      lines_.push_back({"", Unescaped(line)});
      continue;
    }
    const size_t space = line.find(' ');
    const std::string macro = line.substr(1, space == std::string::npos ? std::string::npos : space - 1);
    const std::string rest = space == std::string::npos ? "" : line.substr(space + 1);
    lines_.push_back({macro, Unescaped(Joined(macro, rest))});
  }
}

std::set<std::string> ManualPage::Options() const {
  std::set<std::string> options;
  for (const Line& line : lines_) options.merge(OptionWords(line.text));
  return options;
}

std::vector<std::string> ManualPage::Sections() const {
  std::vector<std::string> sections;
  for (const Line& line : lines_) {
    if (line.macro == "SH" || line.macro == "SS") sections.push_back(line.text);
  }
  return sections;
}

std::vector<std::string> ManualPage::Tags(const std::string& section) const {
  std::vector<std::string> tags;
  bool inside = false;
  for (size_t i = 0; i + 1 < lines_.size(); ++i) {
    if (lines_[i].macro == "SH" || lines_[i].macro == "SS") inside = lines_[i].text == section;
    if (inside && lines_[i].macro == "TP") tags.push_back(lines_[i + 1].text);
  }
  return tags;
}

std::set<std::string> ManualPage::References() const {
  std::set<std::string> references;
  static const std::regex kReference("(labyrinth-[a-z]+) ?\\(([0-9])\\)");
  for (const Line& line : lines_) {
    for (std::sregex_iterator it(line.text.begin(), line.text.end(), kReference), end; it != end; ++it) {
      references.insert((*it)[1].str() + "." + (*it)[2].str());
    }
  }
  return references;
}

}  // namespace labrec::test

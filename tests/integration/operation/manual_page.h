#pragma once

#include <set>
#include <string>
#include <vector>

namespace labrec::test {

// A manual page as text: fonts and escapes taken away.
class ManualPage {
 public:
  explicit ManualPage(const std::string& file);

  // All "--option" words.
  std::set<std::string> Options() const;
  // What the tagged paragraphs (.TP) of a section are about. `section` is the text after .SH or .SS;
  // subsections of a .SH section are not part of it.
  std::vector<std::string> Tags(const std::string& section) const;
  // Sections and subsections, in order.
  std::vector<std::string> Sections() const;
  // "name(section)" references after SEE ALSO.
  std::set<std::string> References() const;

 private:
  struct Line {
    std::string macro;  // "SH", "TP", ...; empty: text
    std::string text;
  };
  std::vector<Line> lines_;
};

// The "--option" words of one line or text.
std::set<std::string> OptionWords(const std::string& text);

}  // namespace labrec::test

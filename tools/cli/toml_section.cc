#include "tools/cli/toml_section.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "hsm/base/absl_view.h"

namespace labrec::cli {
namespace {

std::string OutOfRange(int64_t least, int64_t most) {
  return absl::StrCat("has to be a whole number from ", least, " to ", most);
}

}  // namespace

void Problems::Add(uint32_t line, std::string_view where, std::string_view message) {
  AddText(line, absl::StrCat(AbslView(where), ": ", AbslView(message)));
}

void Problems::AddText(uint32_t line, std::string_view message) {
  const std::string place = line == 0 ? file_ : absl::StrCat(file_, ":", line);
  texts_.push_back(absl::StrCat(place, ": ", AbslView(message)));
}

std::string Problems::Text() const {
  return absl::StrJoin(texts_, "\n");
}

TomlSection TomlSection::Of(const toml::table& parent, std::string_view name, Problems& problems) {
  const toml::node* const node = parent.get(name);
  const uint32_t line = node == nullptr ? 0 : static_cast<uint32_t>(node->source().begin.line);
  const toml::table* const table = node == nullptr ? nullptr : node->as_table();
  const std::string title = absl::StrCat("[", AbslView(name), "]");
  if (node != nullptr && table == nullptr) problems.Add(line, title, "has to be a section");
  return TomlSection(title, table, line, problems);
}

const toml::node* TomlSection::Get(std::string_view key) {
  known_.emplace(key);
  return table_ == nullptr ? nullptr : table_->get(key);
}

uint32_t TomlSection::LineOf(std::string_view key) const {
  const toml::node* const node = table_ == nullptr ? nullptr : table_->get(key);
  return node == nullptr ? line_ : static_cast<uint32_t>(node->source().begin.line);
}

void TomlSection::Complain(std::string_view key, std::string_view message) {
  problems_.Add(LineOf(key), absl::StrCat(name_, " ", AbslView(key)), message);
}

void TomlSection::Retired(std::string_view key, std::string_view why) {
  if (Get(key) != nullptr) Complain(key, why);
}

std::optional<std::string> TomlSection::Text(std::string_view key) {
  const toml::node* const node = Get(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* text = node->as_string(); text != nullptr && !text->get().empty()) return text->get();
  Complain(key, "has to be a text that is not empty");
  return std::nullopt;
}

std::string TomlSection::RequiredText(std::string_view key) {
  if (Get(key) == nullptr) Complain(key, "is missing");
  return Text(key).value_or("");
}

std::string TomlSection::TextOr(std::string_view key, std::string_view otherwise) {
  return Text(key).value_or(std::string(otherwise));
}

bool TomlSection::Flag(std::string_view key, bool otherwise) {
  const toml::node* const node = Get(key);
  if (node == nullptr) return otherwise;
  if (const auto* flag = node->as_boolean()) return flag->get();
  Complain(key, "has to be true or false");
  return otherwise;
}

int64_t TomlSection::Number(std::string_view key, int64_t otherwise, int64_t least, int64_t most) {
  const toml::node* const node = Get(key);
  if (node == nullptr) return otherwise;
  const auto* number = node->as_integer();
  if (number != nullptr && number->get() >= least && number->get() <= most) return number->get();
  Complain(key, OutOfRange(least, most));
  return otherwise;
}

std::vector<std::string> TomlSection::Texts(std::string_view key) {
  const toml::node* const node = Get(key);
  if (node == nullptr) return {};
  std::vector<std::string> texts;
  const toml::array* const array = node->as_array();
  for (size_t i = 0; array != nullptr && i < array->size(); ++i) {
    const auto* text = array->get(i)->as_string();
    if (text != nullptr && !text->get().empty()) texts.push_back(text->get());
  }
  if (array == nullptr || texts.size() != array->size()) Complain(key, "has to be a list of texts");
  return texts;
}

std::vector<int64_t> TomlSection::Numbers(std::string_view key, int64_t least, int64_t most) {
  const toml::node* const node = Get(key);
  if (node == nullptr) return {};
  std::vector<int64_t> numbers;
  const toml::array* const array = node->as_array();
  for (size_t i = 0; array != nullptr && i < array->size(); ++i) {
    const auto* number = array->get(i)->as_integer();
    if (number != nullptr && number->get() >= least && number->get() <= most)
      numbers.push_back(number->get());
  }
  if (array == nullptr || numbers.size() != array->size()) {
    Complain(key, absl::StrCat("has to be a list; each entry ", OutOfRange(least, most)));
  }
  return numbers;
}

void TomlSection::RefuseUnknown() {
  if (table_ == nullptr) return;
  for (const auto& [key, node] : *table_) {
    if (!known_.contains(key.str())) Complain(key.str(), "is no key of this section");
  }
}

}  // namespace labrec::cli

#include "hsm/pkcs11/token/uri.h"

#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/status_macros.h"

namespace labrec::hsm::pkcs11 {
namespace {

constexpr std::string_view kScheme = "pkcs11:";
constexpr size_t kLongestAttributeName = 32;
// Beside letters and digits: "unreserved" and what pk11-res-avail, the path and the query add to it.
constexpr std::string_view kPlain = "-._~:[]@!$'()*+,=&/?|";

absl::Status WrongUri(std::string_view why) {
  return absl::InvalidArgumentError(AbslView(why));
}

// What is no name may be a PIN whose '=' was forgotten, so it is not repeated.
bool IsName(std::string_view name) {
  if (name.empty() || name.size() > kLongestAttributeName) return false;
  for (const char c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_') return false;
  }
  return true;
}

absl::StatusOr<std::string> Decode(std::string_view name, std::string_view text) {
  std::string value;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '%') {
      const std::string_view digits = text.substr(at + 1, 2);
      if (digits.size() != 2 || !absl::ascii_isxdigit(static_cast<unsigned char>(digits[0])) ||
          !absl::ascii_isxdigit(static_cast<unsigned char>(digits[1])) || digits == "00") {
        return WrongUri(
            absl::StrCat(AbslView(name), " has a % that no two hexadecimal digits follow, or %00"));
      }
      value += absl::HexStringToBytes(AbslView(digits));
      at += 2;
    } else if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || kPlain.find(c) != std::string::npos) {
      value += c;
    } else {
      return WrongUri(
          absl::StrCat("the value of ", AbslView(name),
                       " has a blank, a line end or another character that an address has only as "
                       "%XX (a blank is %20)"));
    }
  }
  return value;
}

// Appends the attributes of one half; `seen` are the names of both.
absl::Status ParseHalf(std::string_view half, char separator, std::set<std::string>& seen,
                       std::vector<Uri::Attribute>& out) {
  for (const std::string& part : std::vector<std::string>(absl::StrSplit(AbslView(half), separator))) {
    const size_t equals = part.find('=');
    const std::string name = part.substr(0, equals);
    if (!IsName(name) || equals == std::string::npos) {
      return WrongUri(
          absl::StrCat("an attribute is empty or has no form NAME=VALUE; those of the path are "
                       "joined by ';', those behind the '?' by '&'"));
    }
    if (!seen.insert(name).second) return WrongUri(absl::StrCat(name, " stands there twice"));
    LABREC_ASSIGN_OR_RETURN(std::string value, Decode(name, part.substr(equals + 1)));
    out.push_back({name, std::move(value)});
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Uri> Uri::Parse(std::string_view text) {
  if (!text.starts_with(kScheme)) return WrongUri("it does not begin with pkcs11:");
  text.remove_prefix(kScheme.size());
  Uri uri;
  std::set<std::string> seen;
  const size_t mark = text.find('?');
  const std::string_view path = text.substr(0, mark);
  if (!path.empty()) LABREC_RETURN_IF_ERROR(ParseHalf(path, ';', seen, uri.path));
  if (mark != std::string::npos)
    LABREC_RETURN_IF_ERROR(ParseHalf(text.substr(mark + 1), '&', seen, uri.query));
  return uri;
}

}  // namespace labrec::hsm::pkcs11

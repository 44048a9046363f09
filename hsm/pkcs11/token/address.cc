#include "hsm/pkcs11/token/address.h"

#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "hsm/pkcs11/token/uri.h"

namespace labrec::hsm::pkcs11 {
namespace {

constexpr size_t kLongestPin = 1024;
// CK_TOKEN_INFO (PKCS#11 2.40, section 3.2).
constexpr size_t kLongestLabel = 32;
constexpr size_t kLongestName = 16;  // serial, model

absl::Status WrongAddress(std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(
      "PKCS#11 address: ", AbslView(why),
      "; write it as pkcs11:token=LABEL?module-path=/path/to/module.so&pin-source=file:/path/to/pin"));
}

bool IsPathName(std::string_view name) {
  return name == "token" || name == "serial" || name == "manufacturer" || name == "model" ||
         name == "slot-id";
}

bool IsQueryName(std::string_view name) {
  return name == "module-path" || name == "pin-source" || name == "x-init-args" || name == "x-parallelism";
}

absl::Status NotKnown(std::string_view name) {
  if (name == "pin-value") {
    return WrongAddress(
        "pin-value is refused, as it would stand in process lists and logs: put the PIN into a file");
  }
  if (name == "object" || name == "id" || name == "type") {
    return WrongAddress("object, id and type do not belong here: it names a token");
  }
  if (IsPathName(name)) return WrongAddress(absl::StrCat(AbslView(name), " belongs before the '?'"));
  if (IsQueryName(name)) return WrongAddress(absl::StrCat(AbslView(name), " belongs behind the '?'"));
  return WrongAddress(
      absl::StrCat("the attribute ", AbslView(name),
                   " is not compared here; name the token by token, serial, manufacturer, model or "
                   "slot-id"));
}

// A number without sign, blank or base, at most `most`.
template <typename Number>
bool ParseDigits(const std::string& text, Number most, Number& value) {
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
  }
  return absl::SimpleAtoi(text, &value) && value <= most;
}

absl::Status TakeText(std::string_view name, const std::string& value, size_t longest,
                      std::optional<std::string>& out) {
  if (value.empty()) return WrongAddress(absl::StrCat(AbslView(name), " is empty; leave it out"));
  if (value.size() > longest) {
    return WrongAddress(
        absl::StrCat(AbslView(name), " is longer than the ", longest, " bytes that a token has"));
  }
  out = value;
  return absl::OkStatus();
}

std::string_view WithoutPadding(std::string_view text) {
  const size_t last = text.find_last_not_of(std::string_view(" \0", 2));
  return text.substr(0, last + 1);  // npos + 1 is 0
}

template <size_t kSize>
bool Fits(const std::optional<std::string>& wanted, const unsigned char (&field)[kSize]) {
  if (!wanted) return true;
  const std::string_view found(reinterpret_cast<const char*>(field), kSize);
  return WithoutPadding(found) == WithoutPadding(*wanted);
}

absl::StatusOr<std::filesystem::path> PinFile(std::string_view source) {
  std::string_view path = source;
  if (path.starts_with("file:")) path.remove_prefix(5);
  if (path.starts_with("//")) path.remove_prefix(2);
  if (!path.starts_with('/')) return WrongAddress("pin-source has the form file:/absolute/path");
  return std::filesystem::path(path);
}

}  // namespace

absl::StatusOr<TokenAddress> TokenAddress::Parse(const std::string& text) {
  const absl::StatusOr<Uri> uri = Uri::Parse(text);
  if (!uri.ok()) return WrongAddress(std::string(uri.status().message()));
  TokenAddress address;
  for (const Uri::Attribute& attribute : uri->path) {
    LABREC_RETURN_IF_ERROR(address.TakePath(attribute.name, attribute.value));
  }
  for (const Uri::Attribute& attribute : uri->query) {
    LABREC_RETURN_IF_ERROR(address.TakeQuery(attribute.name, attribute.value));
  }
  if (!address.module_path_.starts_with('/')) return WrongAddress("module-path must be an absolute path");
  return address;
}

absl::Status TokenAddress::TakePath(const std::string& name, const std::string& value) {
  if (name == "token") return TakeText(name, value, kLongestLabel, token_);
  if (name == "manufacturer") return TakeText(name, value, kLongestLabel, manufacturer_);
  if (name == "serial") return TakeText(name, value, kLongestName, serial_);
  if (name == "model") return TakeText(name, value, kLongestName, model_);
  if (name != "slot-id") return NotKnown(name);
  CK_SLOT_ID slot = 0;
  if (!ParseDigits(value, ~CK_SLOT_ID{0} - 1, slot)) return WrongAddress("slot-id is a decimal number");
  slot_id_ = slot;
  return absl::OkStatus();
}

absl::Status TokenAddress::TakeQuery(const std::string& name, const std::string& value) {
  if (name == "module-path") {
    module_path_ = value;
  } else if (name == "pin-source") {
    LABREC_ASSIGN_OR_RETURN(pin_file_, PinFile(value));
  } else if (name == "x-init-args") {
    if (value.empty()) return WrongAddress("x-init-args is empty; leave it out");
    init_args_ = value;
  } else if (name == "x-parallelism") {
    if (!ParseDigits(value, 64, parallelism_) || parallelism_ < 1) {
      return WrongAddress("x-parallelism is a number, 1 to 64");
    }
  } else {
    return NotKnown(name);
  }
  return absl::OkStatus();
}

bool TokenAddress::Matches(CK_SLOT_ID slot, const CK_TOKEN_INFO& token) const {
  return (!slot_id_ || *slot_id_ == slot) && Fits(token_, token.label) && Fits(serial_, token.serialNumber) &&
         Fits(manufacturer_, token.manufacturerID) && Fits(model_, token.model);
}

absl::StatusOr<SecretBytes> TokenAddress::ReadPin() const {
  if (!pin_file_.has_value()) {
    return absl::FailedPreconditionError(
        "the token wants a user PIN: add pin-source=file:/path/to/pin to the PKCS#11 address");
  }
  LABREC_ASSIGN_OR_RETURN(SecretBytes pin, ReadSecretLine(*pin_file_, kLongestPin));
  for (const uint8_t byte : pin.view()) {
    if (byte != '\n' && byte != '\r' && byte != 0) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        pin_file_->string(), ": holds more than one line, or a zero byte; a PIN is one line of text"));
  }
  return pin;
}

}  // namespace labrec::hsm::pkcs11

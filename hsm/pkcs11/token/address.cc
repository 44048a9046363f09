#include "hsm/pkcs11/token/address.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"

namespace labrec::hsm::pkcs11 {
namespace {

constexpr char kParallelism[] = "x-parallelism";
constexpr size_t kLongestPin = 1024;

absl::Status Wrong(std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(
      "PKCS#11 address: ", AbslView(why),
      "; write it as pkcs11:token=LABEL?module-path=/path/to/module.so&pin-source=file:/path/to/pin"));
}

// p11-kit takes any query attribute that it does not know for a vendor's.
absl::Status CheckQueryNames(const std::string& uri) {
  constexpr std::array<absl::string_view, 3> kKnown = {"module-path", "pin-source", kParallelism};
  const size_t mark = uri.find('?');
  if (mark == std::string::npos) return absl::OkStatus();
  for (const absl::string_view attribute : absl::StrSplit(uri.substr(mark + 1), '&')) {
    const std::string name(attribute.substr(0, attribute.find('=')));
    if (name == "pin-value") {
      return Wrong(
          "pin-value is refused, as it would stand in process lists and logs: put the PIN into a file");
    }
    if (std::find(kKnown.begin(), kKnown.end(), name) == kKnown.end()) {
      return Wrong(absl::StrCat("the query attribute '", name, "' is not known here"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::filesystem::path> PinFile(std::string_view source) {
  std::string_view path = source;
  if (path.starts_with("file:")) path.remove_prefix(5);
  if (path.starts_with("//")) path.remove_prefix(2);
  if (!path.starts_with('/')) return Wrong("pin-source has the form file:/absolute/path");
  return std::filesystem::path(path);
}

absl::StatusOr<std::shared_ptr<P11KitUri>> ParseUri(const std::string& text) {
  std::shared_ptr<P11KitUri> uri(p11_kit_uri_new(), p11_kit_uri_free);
  const int parsed = p11_kit_uri_parse(text.c_str(), P11_KIT_URI_FOR_ANY, uri.get());
  if (parsed != P11_KIT_URI_OK) return Wrong(p11_kit_uri_message(parsed));
  if (p11_kit_uri_any_unrecognized(uri.get()) != 0) return Wrong("an attribute of the path is not known");
  CK_ULONG object_attributes = 0;
  p11_kit_uri_get_attributes(uri.get(), &object_attributes);
  if (object_attributes != 0) return Wrong("object, id and type do not belong here: it names a token");
  return uri;
}

absl::StatusOr<int> Parallelism(const P11KitUri* uri) {
  const char* text = p11_kit_uri_get_vendor_query(uri, kParallelism);
  if (text == nullptr) return 2;
  int value = 0;
  if (!absl::SimpleAtoi(text, &value) || value < 1 || value > 64)
    return Wrong("x-parallelism is a number, 1 to 64");
  return value;
}

}  // namespace

absl::StatusOr<TokenAddress> TokenAddress::Parse(const std::string& text) {
  TokenAddress address;
  LABREC_RETURN_IF_ERROR(CheckQueryNames(text));
  LABREC_ASSIGN_OR_RETURN(address.uri_, ParseUri(text));
  const char* module_path = p11_kit_uri_get_module_path(address.uri_.get());
  if (module_path == nullptr || module_path[0] != '/') return Wrong("module-path must be an absolute path");
  address.module_path_ = module_path;
  if (const char* source = p11_kit_uri_get_pin_source(address.uri_.get()); source != nullptr) {
    LABREC_ASSIGN_OR_RETURN(address.pin_file_, PinFile(source));
  }
  LABREC_ASSIGN_OR_RETURN(address.parallelism_, Parallelism(address.uri_.get()));
  return address;
}

bool TokenAddress::Matches(CK_SLOT_ID slot, const CK_TOKEN_INFO& token) const {
  const CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(uri_.get());
  if (wanted != static_cast<CK_SLOT_ID>(-1) && wanted != slot) return false;
  return p11_kit_uri_match_token_info(uri_.get(), &token) == 1;
}

absl::StatusOr<SecretBytes> TokenAddress::ReadPin() const {
  if (!pin_file_.has_value()) {
    return absl::FailedPreconditionError(
        "the token wants a user PIN: add pin-source=file:/path/to/pin to the PKCS#11 address");
  }
  LABREC_ASSIGN_OR_RETURN(const SecretBytes content, ReadSecretFile(*pin_file_, kLongestPin));
  size_t size = content.size();
  while (size > 0 && (content.data()[size - 1] == '\n' || content.data()[size - 1] == '\r')) --size;
  if (size == 0) return absl::FailedPreconditionError(absl::StrCat("no PIN in ", pin_file_->string()));
  return SecretBytes::CopyOf(content.view().first(size));
}

}  // namespace labrec::hsm::pkcs11

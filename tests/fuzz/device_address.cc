// Addresses of devices, as an operator writes them: PKCS#11 URIs, with p11-kit's parser as a witness, and
// TPMs'.

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <p11-kit/p11-kit.h>
#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "hsm/pkcs11/token/address.h"
#include "hsm/pkcs11/token/uri.h"
#include "hsm/tpm2/address.h"

namespace {

using namespace labrec;
using hsm::pkcs11::TokenAddress;
using hsm::pkcs11::Uri;

void Require(bool holds) {
  if (!holds) std::abort();
}

std::string Escaped(const std::string& value) {
  std::string text;
  for (const char c : value) absl::StrAppend(&text, "%", absl::BytesToHexString(std::string(1, c)));
  return text;
}

// The same URI, every byte of a value as %XX.
std::string Written(const Uri& uri) {
  std::string text = "pkcs11:";
  for (size_t i = 0; i < uri.path.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ";", uri.path[i].name, "=", Escaped(uri.path[i].value));
  }
  for (size_t i = 0; i < uri.query.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "?" : "&", uri.query[i].name, "=", Escaped(uri.query[i].value));
  }
  return text;
}

bool Same(const std::vector<Uri::Attribute>& a, const std::vector<Uri::Attribute>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x.name == y.name && x.value == y.value; });
}

template <size_t kSize>
void Fill(unsigned char (&field)[kSize], const std::string& value) {
  Require(value.size() <= kSize);
  std::memset(field, ' ', kSize);
  std::memcpy(field, value.data(), value.size());
}

// The very token that the address describes.
CK_TOKEN_INFO Described(const Uri& uri) {
  CK_TOKEN_INFO token{};
  Fill(token.label, "");
  Fill(token.manufacturerID, "");
  Fill(token.serialNumber, "");
  Fill(token.model, "");
  for (const Uri::Attribute& attribute : uri.path) {
    if (attribute.name == "token") Fill(token.label, attribute.value);
    if (attribute.name == "manufacturer") Fill(token.manufacturerID, attribute.value);
    if (attribute.name == "serial") Fill(token.serialNumber, attribute.value);
    if (attribute.name == "model") Fill(token.model, attribute.value);
  }
  return token;
}

void Token(const std::string& text) {
  const absl::StatusOr<Uri> uri = Uri::Parse(text);
  const absl::StatusOr<TokenAddress> address = TokenAddress::Parse(text);
  if (uri.ok()) {
    const absl::StatusOr<Uri> again = Uri::Parse(Written(*uri));
    Require(again.ok() && Same(again->path, uri->path) && Same(again->query, uri->query));
  }
  if (!address.ok()) return;
  Require(uri.ok());
  const std::unique_ptr<P11KitUri, void (*)(P11KitUri*)> witness(p11_kit_uri_new(), p11_kit_uri_free);
  Require(p11_kit_uri_parse(text.c_str(), P11_KIT_URI_FOR_ANY, witness.get()) == P11_KIT_URI_OK);
  Require(p11_kit_uri_get_module_path(witness.get()) == address->module_path());
  const CK_SLOT_ID slot = p11_kit_uri_get_slot_id(witness.get());
  const CK_TOKEN_INFO token = Described(*uri);
  Require(address->Matches(slot, token) && p11_kit_uri_match_token_info(witness.get(), &token) == 1);
}

void Tpm(const std::string& text) {
  const absl::StatusOr<hsm::tpm2::Address> address = hsm::tpm2::ParseAddress({text});
  if (!address.ok()) return;
  Require(!address->tcti.empty() && text.starts_with(hsm::tpm2::kScheme + address->tcti));
  const hsm::tpm2::IndexRange& counted = address->counted;
  Require(counted.count == 0 || (counted.first >= 0x01000000 && counted.count <= 65536 &&
                                 counted.first + counted.count - 1 <= 0x01FFFFFF));
  Require(!address->owner_auth_file || address->owner_auth_file->is_absolute());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Token(text);
  Tpm(text);
  return 0;
}

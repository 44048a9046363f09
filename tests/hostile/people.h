#pragma once

#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "hsm/base/encoding.h"
#include "hsm/base/secret_bytes.h"
#include "recovery/client/base/seal_request.h"

// What the owner and the liars have in common.
namespace labrec::hostile {

inline constexpr char kTenant[] = "chat";
inline constexpr char kRecord[] = "main";

inline SecretBytes SecretOf(std::string_view text) {
  return SecretBytes::CopyOf(AsBytes(text));
}
inline std::string PinText(uint32_t pin) {
  return absl::StrCat("pin-", pin);
}
inline std::string NameOfRealm(size_t position) {
  return absl::StrCat("r", position);
}
inline recovery::client::SealRequest SmallSeal() {
  recovery::client::SealRequest request;
  request.record = kRecord;
  request.argon.memory_kib = 64;
  request.argon.passes = 1;
  return request;
}
// For whoever does not check signatures.
inline std::string UnsignedToken(const std::string& account, ByteView realm_id) {
  const std::string claims =
      absl::StrCat(R"({"iss":"chat","sub":")", account, R"(","aud":")", Hex(realm_id), "\"}");
  return absl::StrCat(absl::WebSafeBase64Escape("{}"), ".", absl::WebSafeBase64Escape(claims), ".",
                      absl::WebSafeBase64Escape("signature"));
}

}  // namespace labrec::hostile

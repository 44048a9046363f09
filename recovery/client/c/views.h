#pragma once

#include <string>
#include <string_view>

#include "hsm/base/bytes.h"
#include "hsm/base/secret_bytes.h"
#include "recovery/client/c/labyrinth_recovery.h"

// Between the header's views and this project's.
namespace labrec::recovery::client::c {

inline ByteView View(lrc_bytes bytes) {
  return {bytes.data, bytes.size};
}
inline lrc_bytes ViewOf(ByteView bytes) {
  return {bytes.data(), bytes.size()};
}
inline SecretBytes SecretOf(lrc_bytes bytes) {
  return SecretBytes::CopyOf(View(bytes));
}
// Null counts as empty.
inline std::string TextOf(const char* text) {
  return text == nullptr ? "" : text;
}

}  // namespace labrec::recovery::client::c

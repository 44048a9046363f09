#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace labrec {

using Bytes = std::vector<uint8_t>;
using ByteView = std::span<const uint8_t>;

// The bytes of a text, without its terminating zero. The view borrows from `text`.
inline ByteView AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// The bytes as a text view (for protobuf, SQLite and log calls). Borrows from `bytes`.
inline std::string_view AsText(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Bytes ToBytes(ByteView view) {
  return {view.begin(), view.end()};
}
inline Bytes ToBytes(std::string_view text) {
  return ToBytes(AsBytes(text));
}
inline std::string ToString(ByteView view) {
  return std::string(AsText(view));
}

// Equality of public values; secrets compare with SecretBytes::Equals.
inline bool SameBytes(ByteView a, ByteView b) {
  return AsText(a) == AsText(b);
}

}  // namespace labrec

#include "hsm/base/encoding.h"

#include <cstdlib>

#include "absl/strings/escaping.h"

#include "hsm/base/absl_view.h"

namespace labrec {
namespace {

template <typename Integer>
void AppendBigEndian(Bytes& out, Integer value) {
  for (int shift = 8 * (static_cast<int>(sizeof(Integer)) - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<uint8_t>(value >> shift));
  }
}

template <typename Integer>
Integer FromBigEndian(ByteView bytes) {
  uint64_t value = 0;
  for (uint8_t byte : bytes) value = value << 8 | byte;
  return static_cast<Integer>(value);
}

}  // namespace

Writer& Writer::U8(uint8_t value) {
  bytes_.push_back(value);
  return *this;
}
Writer& Writer::U16(uint16_t value) {
  AppendBigEndian(bytes_, value);
  return *this;
}
Writer& Writer::U32(uint32_t value) {
  AppendBigEndian(bytes_, value);
  return *this;
}
Writer& Writer::U64(uint64_t value) {
  AppendBigEndian(bytes_, value);
  return *this;
}
Writer& Writer::Raw(ByteView bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return *this;
}
Writer& Writer::Lp(ByteView bytes) {
  if (bytes.size() > UINT16_MAX) std::abort();
  return U16(static_cast<uint16_t>(bytes.size())).Raw(bytes);
}

ByteView Reader::Raw(size_t size) {
  if (!ok_ || rest_.size() < size) {
    ok_ = false;
    return {};
  }
  ByteView head = rest_.first(size);
  rest_ = rest_.subspan(size);
  return head;
}
uint8_t Reader::U8() {
  return FromBigEndian<uint8_t>(Raw(1));
}
uint16_t Reader::U16() {
  return FromBigEndian<uint16_t>(Raw(2));
}
uint32_t Reader::U32() {
  return FromBigEndian<uint32_t>(Raw(4));
}
uint64_t Reader::U64() {
  return FromBigEndian<uint64_t>(Raw(8));
}
ByteView Reader::Lp() {
  return Raw(U16());
}

std::string Hex(ByteView bytes) {
  return absl::BytesToHexString(AbslView(AsText(bytes)));
}

absl::StatusOr<Bytes> FromHex(std::string_view text) {
  Bytes out;
  if (text.size() % 2 != 0) return absl::InvalidArgumentError("hexadecimal text of odd length");
  out.reserve(text.size() / 2);
  auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  for (size_t i = 0; i < text.size(); i += 2) {
    int high = digit(text[i]);
    int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return absl::InvalidArgumentError("a character that is no hexadecimal digit");
    out.push_back(static_cast<uint8_t>(high << 4 | low));
  }
  return out;
}

}  // namespace labrec

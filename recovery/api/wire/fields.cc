#include "recovery/api/wire/fields.h"

namespace labrec::recovery::wire {
namespace {

constexpr size_t kMostVarintBytes = 10;
constexpr size_t kMostTagBytes = 5;
constexpr uint64_t kMostSize = 0x7FFFFFFF;

// A little-endian number in groups of seven bits, of at most `most` bytes; nothing if it does not end by
// then. Bits beyond the 64th are dropped, as protobuf does.
std::optional<uint64_t> TakeVarint(ByteView& rest, size_t most) {
  uint64_t value = 0;
  for (size_t i = 0; i < most && i < rest.size(); ++i) {
    const uint8_t byte = rest[i];
    value |= static_cast<uint64_t>(byte & 0x7FU) << (7 * i);
    if (byte < 0x80) {
      rest = rest.subspan(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

}  // namespace

std::nullopt_t FieldReader::Fail() {
  ok_ = false;
  rest_ = {};
  return std::nullopt;
}

std::optional<uint64_t> FieldReader::Varint() {
  const auto value = TakeVarint(rest_, kMostVarintBytes);
  if (!value) return Fail();
  return value;
}

std::optional<uint32_t> FieldReader::Tag() {
  const auto tag = TakeVarint(rest_, kMostTagBytes);
  if (!tag) return Fail();
  return static_cast<uint32_t>(*tag);
}

std::optional<ByteView> FieldReader::Take(uint64_t size) {
  if (size > rest_.size()) return Fail();
  const ByteView taken = rest_.first(size);
  rest_ = rest_.subspan(size);
  return taken;
}

std::optional<Field> FieldReader::Next() {
  if (AtEnd()) return std::nullopt;
  const auto tag = Tag();
  if (!tag || *tag >> 3U == 0) return Fail();
  Field field{*tag >> 3U, static_cast<WireType>(*tag & 7U), 0, {}};
  std::optional<ByteView> bytes;
  switch (field.type) {
    case WireType::kVarint: {
      const auto value = Varint();
      if (!value) return std::nullopt;
      field.varint = *value;
      return field;
    }
    case WireType::kFixed64:
      bytes = Take(8);
      break;
    case WireType::kFixed32:
      bytes = Take(4);
      break;
    case WireType::kBytes: {
      const auto size = TakeVarint(rest_, kMostTagBytes);
      if (!size || *size > kMostSize) return Fail();
      bytes = Take(*size);
      break;
    }
    default:
      return Fail();
  }
  if (!bytes) return std::nullopt;
  field.bytes = *bytes;
  return field;
}

void FieldWriter::Element(uint64_t value) {
  for (; value >= 0x80; value >>= 7U) bytes_.push_back(static_cast<uint8_t>(value) | 0x80U);
  bytes_.push_back(static_cast<uint8_t>(value));
}

void FieldWriter::Varint(uint32_t number, uint64_t value) {
  Element(uint64_t{number} << 3U);
  Element(value);
}

void FieldWriter::Text(uint32_t number, ByteView value) {
  Element(uint64_t{number} << 3U | static_cast<uint64_t>(WireType::kBytes));
  Element(value.size());
  bytes_.insert(bytes_.end(), value.begin(), value.end());
}

}  // namespace labrec::recovery::wire

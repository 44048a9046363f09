#include "tests/hostile/fields.h"

#include <optional>
#include <vector>

namespace labrec::hostile {
namespace {

constexpr uint32_t kVarint = 0;
constexpr uint32_t kLength = 2;

struct Field {
  uint32_t number = 0;
  uint32_t type = kVarint;
  uint64_t value = 0;  // of a varint
  Bytes bytes;         // of the other
};

std::optional<uint64_t> TakeVarint(ByteView& bytes) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const uint8_t byte = bytes.front();
    bytes = bytes.subspan(1);
    value |= static_cast<uint64_t>(byte & 0x7FU) << shift;
    if ((byte & 0x80U) == 0) return value;
  }
  return std::nullopt;
}

std::optional<std::vector<Field>> Parse(ByteView bytes) {
  std::vector<Field> fields;
  while (!bytes.empty()) {
    const auto tag = TakeVarint(bytes);
    if (!tag || *tag >> 3 == 0 || *tag >> 3 > 100) return std::nullopt;
    Field field;
    field.number = static_cast<uint32_t>(*tag >> 3);
    field.type = static_cast<uint32_t>(*tag & 7U);
    if (field.type != kVarint && field.type != kLength) return std::nullopt;
    const auto value = TakeVarint(bytes);
    if (!value) return std::nullopt;
    field.value = *value;
    if (field.type == kLength) {
      if (*value > bytes.size()) return std::nullopt;
      const ByteView content = bytes.first(*value);
      field.bytes.assign(content.begin(), content.end());
      bytes = bytes.subspan(*value);
    }
    fields.push_back(std::move(field));
  }
  return fields;
}

void PutVarint(uint64_t value, Bytes& to) {
  for (; value >= 0x80; value >>= 7) to.push_back(static_cast<uint8_t>(value | 0x80U));
  to.push_back(static_cast<uint8_t>(value));
}

Bytes Write(const std::vector<Field>& fields) {
  Bytes bytes;
  for (const Field& field : fields) {
    PutVarint(static_cast<uint64_t>(field.number) << 3 | field.type, bytes);
    PutVarint(field.type == kLength ? field.bytes.size() : field.value, bytes);
    if (field.type == kLength) bytes.insert(bytes.end(), field.bytes.begin(), field.bytes.end());
  }
  return bytes;
}

uint64_t OtherNumber(uint64_t value, sim::Dice& dice) {
  switch (dice.Below(9)) {
    case 0:
      return 0;
    case 1:
      return 1;
    case 2:
      return value + 1;
    case 3:
      return value - 1;
    case 4:
      return 0xFFFFFFFE;
    case 5:
      return 0xFFFFFFFF;
    case 6:
      return dice.Below(20);
    case 7:
      return uint64_t{1} << dice.Below(64);
    default:
      return dice.Next();
  }
}

Bytes OtherBytes(Bytes bytes, sim::Dice& dice) {
  switch (bytes.empty() ? 3 : dice.Below(5)) {
    case 0:
      return {};
    case 1:
      bytes[dice.Below(bytes.size())] ^= static_cast<uint8_t>(1U << dice.Below(8));
      return bytes;
    case 2:
      bytes.resize(dice.Below(bytes.size()));
      return bytes;
    case 3:
      bytes.push_back(static_cast<uint8_t>(dice.Below(256)));
      return bytes;
    default:
      dice.Fill(bytes);
      return bytes;
  }
}

}  // namespace

Bytes WithAFieldChanged(const Bytes& message, sim::Dice& dice) {
  auto fields = Parse(message);
  if (!fields) return OtherBytes(message, dice);
  if (fields->empty()) {
    fields->push_back({static_cast<uint32_t>(dice.Between(1, 8)), kVarint, OtherNumber(0, dice), {}});
    return Write(*fields);
  }
  const size_t at = dice.Below(fields->size());
  Field& field = (*fields)[at];
  if (dice.Chance(100)) {
    fields->erase(fields->begin() + static_cast<ptrdiff_t>(at));
  } else if (dice.Chance(50)) {
    fields->push_back(Field(field));
  } else if (field.type == kVarint) {
    field.value = OtherNumber(field.value, dice);
  } else if (const auto within = Parse(field.bytes); within && !within->empty() && dice.Chance(700)) {
    field.bytes = WithAFieldChanged(field.bytes, dice);
  } else {
    field.bytes = OtherBytes(field.bytes, dice);
  }
  return Write(*fields);
}

}  // namespace labrec::hostile

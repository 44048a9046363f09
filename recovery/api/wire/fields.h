#pragma once

#include <cstdint>
#include <optional>

#include "hsm/base/bytes.h"

namespace labrec::recovery::wire {

// Protobuf's encoding, field by field (protobuf.dev, "Encoding"). Knows no message.

enum class WireType : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

struct Field {
  uint32_t number = 0;
  WireType type = WireType::kVarint;
  uint64_t varint = 0;  // kVarint
  ByteView bytes;       // the value's bytes for all other types; borrowed
};

// Takes a message apart. Accepts what protobuf's own parser accepts, long forms of integers among it; except
// groups, which no message here ever had.
class FieldReader {
 public:
  explicit FieldReader(ByteView bytes) : rest_(bytes) {}
  // The next field; nothing at the end, and where the bytes are none.
  std::optional<Field> Next();
  // One integer without a tag: an element of a packed list.
  std::optional<uint64_t> Varint();
  bool AtEnd() const { return rest_.empty(); }
  // False once something was malformed.
  bool ok() const { return ok_; }

 private:
  std::optional<uint32_t> Tag();
  std::optional<ByteView> Take(uint64_t size);
  std::nullopt_t Fail();

  ByteView rest_;
  bool ok_ = true;
};

// Puts one together. Integers in their shortest form.
class FieldWriter {
 public:
  void Varint(uint32_t number, uint64_t value);
  void Text(uint32_t number, ByteView value);
  // One integer without a tag.
  void Element(uint64_t value);
  Bytes Take() && { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

}  // namespace labrec::recovery::wire

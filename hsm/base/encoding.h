#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "hsm/base/bytes.h"

namespace labrec {

// Appends big-endian integers and length-prefixed strings: the one way canonical byte strings are built.
class Writer {
 public:
  Writer& U8(uint8_t value);
  Writer& U16(uint16_t value);
  Writer& U32(uint32_t value);
  Writer& U64(uint64_t value);
  Writer& Raw(ByteView bytes);
  Writer& Raw(std::string_view text) { return Raw(AsBytes(text)); }
  // LP(x) = I2OSP(len(x), 2) || x. Aborts if x is longer than 65535 bytes: callers bound their inputs.
  Writer& Lp(ByteView bytes);
  Writer& Lp(std::string_view text) { return Lp(AsBytes(text)); }

  const Bytes& bytes() const& { return bytes_; }
  Bytes Take() && { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

// Reads what Writer wrote. After the first failure every read returns zero or empty and ok() stays false.
class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}
  uint8_t U8();
  uint16_t U16();
  uint32_t U32();
  uint64_t U64();
  ByteView Raw(size_t size);
  ByteView Lp();

  bool ok() const { return ok_; }
  size_t remaining() const { return rest_.size(); }
  // True if all was read, nothing is left over and nothing failed.
  bool AtEnd() const { return ok_ && rest_.empty(); }

 private:
  ByteView rest_;
  bool ok_ = true;
};

// Lower-case hexadecimal of public bytes.
std::string Hex(ByteView bytes);
// INVALID_ARGUMENT on odd length or a character that is no hexadecimal digit.
absl::StatusOr<Bytes> FromHex(std::string_view text);

}  // namespace labrec

#pragma once

#include "hsm/base/encoding.h"

namespace labrec::tpm {

// Reads the TPM's marshalled form (Part 2, section 4.2: big-endian, TPM2B = 16-bit size and bytes) with every
// bound checked. After the first failure every read returns zero or empty, and ok() stays false.
class TpmReader {
 public:
  explicit TpmReader(ByteView bytes) : reader_(bytes) {}

  uint8_t U8() { return reader_.U8(); }
  uint16_t U16() { return reader_.U16(); }
  uint32_t U32() { return reader_.U32(); }
  uint64_t U64() { return reader_.U64(); }
  ByteView Raw(size_t size) { return reader_.Raw(size); }
  // A TPM2B of at most `most` bytes.
  ByteView Sized(size_t most);
  // The 32-bit count of a list of at most `most` elements (Part 2, TPML_*).
  uint32_t Count(uint32_t most);
  // TPMI_YES_NO: 0 or 1.
  bool YesNo();
  // Makes the reader fail unless `valid`: for values that no TPM writes.
  void Require(bool valid) { valid_ = valid_ && valid; }

  bool ok() const { return valid_ && reader_.ok(); }
  // True if all was read, nothing is left over and nothing failed.
  bool AtEnd() const { return valid_ && reader_.AtEnd(); }

 private:
  Reader reader_;
  bool valid_ = true;
};

}  // namespace labrec::tpm

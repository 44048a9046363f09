#include "hsm/tpm_wire/reader.h"

namespace labrec::tpm {

ByteView TpmReader::Sized(size_t most) {
  const ByteView bytes = reader_.Lp();
  Require(bytes.size() <= most);
  return ok() ? bytes : ByteView();
}

uint32_t TpmReader::Count(uint32_t most) {
  const uint32_t count = reader_.U32();
  Require(count <= most);
  return ok() ? count : 0;
}

bool TpmReader::YesNo() {
  const uint8_t value = reader_.U8();
  Require(value <= 1);
  return value == 1;
}

}  // namespace labrec::tpm

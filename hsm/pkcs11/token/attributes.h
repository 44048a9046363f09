#pragma once

#include <deque>
#include <string_view>
#include <vector>

#include "hsm/base/bytes.h"
#include "hsm/pkcs11/token/cryptoki.h"

namespace labrec::hsm::pkcs11 {

// A template of public attribute values (PKCS#11 2.40, section 4.2) that owns what its CK_ATTRIBUTEs point
// at.
class Attributes {
 public:
  Attributes() = default;
  Attributes(Attributes&&) = default;
  Attributes& operator=(Attributes&&) = default;
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  ~Attributes() = default;

  Attributes& Flag(CK_ATTRIBUTE_TYPE type, bool value);
  Attributes& Number(CK_ATTRIBUTE_TYPE type, CK_ULONG value);
  Attributes& Blob(CK_ATTRIBUTE_TYPE type, ByteView value);
  Attributes& Text(CK_ATTRIBUTE_TYPE type, std::string_view value) { return Blob(type, AsBytes(value)); }

  CK_ATTRIBUTE* data() { return rows_.data(); }
  CK_ULONG size() const { return rows_.size(); }

 private:
  std::deque<Bytes> values_;  // a deque: growing does not move them
  std::vector<CK_ATTRIBUTE> rows_;
};

}  // namespace labrec::hsm::pkcs11

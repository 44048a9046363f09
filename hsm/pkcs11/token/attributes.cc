#include "hsm/pkcs11/token/attributes.h"

namespace labrec::hsm::pkcs11 {

Attributes& Attributes::Flag(CK_ATTRIBUTE_TYPE type, bool value) {
  const CK_BBOOL flag = value ? CK_TRUE : CK_FALSE;
  return Blob(type, {&flag, sizeof flag});
}

Attributes& Attributes::Number(CK_ATTRIBUTE_TYPE type, CK_ULONG value) {
  return Blob(type, {reinterpret_cast<const uint8_t*>(&value), sizeof value});
}

Attributes& Attributes::Blob(CK_ATTRIBUTE_TYPE type, ByteView value) {
  Bytes& owned = values_.emplace_back(value.begin(), value.end());
  rows_.push_back({type, owned.data(), owned.size()});
  return *this;
}

}  // namespace labrec::hsm::pkcs11

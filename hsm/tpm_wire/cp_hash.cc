#include "hsm/tpm_wire/cp_hash.h"

#include "hsm/base/encoding.h"
#include "hsm/tpm_wire/constants.h"

namespace labrec::tpm {

Bytes Marshal(const PinCounter& counter) {
  return Writer().U32(counter.count).U32(counter.limit).bytes();
}

Digest CpHash(uint32_t command, std::initializer_list<ByteView> names, ByteView parameters) {
  Writer message;
  message.U32(command);
  for (ByteView name : names) message.Raw(name);
  return Sha256(message.Raw(parameters).bytes());
}

Digest IndexWriteCpHash(ByteView index_name, const PinCounter& counter) {
  const Bytes parameters = Writer().Lp(Marshal(counter)).U16(0).bytes();  // TPM2B_MAX_NV_BUFFER, offset
  return CpHash(kCcNvWrite, {index_name, index_name}, parameters);
}

Bytes SignedAuthorization(ByteView nonce_tpm, const Digest& cp_hash) {
  return Writer().Raw(nonce_tpm).U32(kWriteExpirationSeconds).Raw(cp_hash).bytes();
}

}  // namespace labrec::tpm

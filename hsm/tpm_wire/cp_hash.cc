#include "hsm/tpm_wire/cp_hash.h"

#include "hsm/base/encoding.h"
#include "hsm/tpm_wire/constants.h"

namespace labrec::tpm {
namespace {

constexpr uint16_t kLimitOffset = 4;  // behind the count

}  // namespace

Bytes Marshal(const PinCounter& counter) {
  return Writer().U32(counter.count).U32(counter.limit).bytes();
}

Digest CpHash(uint32_t command, std::initializer_list<ByteView> names, ByteView parameters) {
  Writer message;
  message.U32(command);
  for (ByteView name : names) message.Raw(name);
  return Sha256(message.Raw(parameters).bytes());
}

IndexWriteData DataOf(Written before, uint32_t limit) {
  if (before == Written::kNo) return {0, Marshal(PinCounter{0, limit})};
  return {kLimitOffset, Writer().U32(limit).bytes()};
}

Digest IndexWriteCpHash(ByteView index_name, const IndexWriteData& data) {
  const Bytes parameters = Writer().Lp(data.bytes).U16(data.offset).bytes();  // TPM2B_MAX_NV_BUFFER, offset
  return CpHash(kCcNvWrite, {index_name, index_name}, parameters);
}

Bytes SignedAuthorization(ByteView nonce_tpm, const Digest& cp_hash) {
  return Writer().Raw(nonce_tpm).U32(kWriteExpirationSeconds).Raw(cp_hash).bytes();
}

}  // namespace labrec::tpm

#include "hsm/tpm_wire/index_write.h"

#include "hsm/tpm_wire/constants.h"

namespace labrec::tpm {
namespace {

constexpr size_t kShortestNonceTpm = 16;

}  // namespace

absl::StatusOr<std::array<uint8_t, 64>> SignIndexWrite(const EcdsaPrivateKey& unlock_key,
                                                       const CountingIndexWrite& write, ByteView nonce_tpm) {
  if (nonce_tpm.size() < kShortestNonceTpm || nonce_tpm.size() > kLongestNonceTpm) {
    return absl::InvalidArgumentError(
        "a write of the chip's counter is only signed for a nonce of the TPM, of 16 to 32 bytes");
  }
  if (write.index < kNvHandleFirst || write.index > kNvHandleLast) {
    return absl::InvalidArgumentError("the handle is not that of an NV index (0x01000000 to 0x01ffffff)");
  }
  const Bytes name = CountingIndexArea(write.index, unlock_key.public_key(), write.before).Name();
  return unlock_key.Sign(
      SignedAuthorization(nonce_tpm, IndexWriteCpHash(name, DataOf(write.before, write.limit))));
}

}  // namespace labrec::tpm

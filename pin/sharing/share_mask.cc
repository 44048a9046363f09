#include "pin/sharing/share_mask.h"

#include <cstdlib>

#include "hsm/base/encoding.h"
#include "hsm/base/hash.h"

namespace labrec::pin {
namespace {

constexpr size_t kShareSize = 32;

}  // namespace

SecretBytes ShareMask(const SecretBytes& rho, ByteView realm_id, uint32_t version) {
  if (realm_id.size() != 16) std::abort();
  Writer info;
  info.Raw("labyrinth-recovery/v1/mask").Raw(realm_id).U32(version);
  return Hkdf(rho.view(), {}, info.bytes(), kShareSize);
}

Bytes MaskShare(const SecretBytes& share, const SecretBytes& mask) {
  if (share.size() != kShareSize || mask.size() != kShareSize) std::abort();
  Bytes masked(kShareSize);
  for (size_t i = 0; i < kShareSize; ++i) masked[i] = share.data()[i] ^ mask.data()[i];
  return masked;
}

absl::StatusOr<SecretBytes> UnmaskShare(ByteView masked, const SecretBytes& mask) {
  if (masked.size() != kShareSize) return absl::InvalidArgumentError("a masked share has 32 bytes");
  if (mask.size() != kShareSize) std::abort();
  SecretBytes share = SecretBytes::CopyOf(masked);
  for (size_t i = 0; i < kShareSize; ++i) share.data()[i] ^= mask.data()[i];
  return share;
}

}  // namespace labrec::pin

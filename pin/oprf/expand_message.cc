#include "pin/oprf/expand_message.h"

#include <array>
#include <cstdlib>

#include "hsm/base/hash.h"

namespace labrec::pin {
namespace {

constexpr size_t kHashSize = 32;
constexpr size_t kHashBlockSize = 64;
constexpr size_t kLongestTag = 255;

void HashInto(const SecretBytes& data, std::span<uint8_t> out) {
  Digest digest = Sha256(data.view());
  std::copy(digest.begin(), digest.end(), out.begin());
  Wipe(digest);
}

// dst || I2OSP(len(dst), 1), the tag being hashed first if it is too long for that.
Bytes DstPrime(ByteView dst) {
  if (dst.empty()) std::abort();
  Bytes tag = ToBytes(dst);
  if (tag.size() > kLongestTag) {
    const Digest hashed = Sha256(SecretBytes::Concat({AsBytes("H2C-OVERSIZE-DST-"), dst}).view());
    tag.assign(hashed.begin(), hashed.end());
  }
  tag.push_back(static_cast<uint8_t>(tag.size()));
  return tag;
}

}  // namespace

SecretBytes ExpandMessageXmd(ByteView message, ByteView dst, size_t length) {
  if (length == 0 || length > 255 * kHashSize) std::abort();
  const Bytes dst_prime = DstPrime(dst);
  const std::array<uint8_t, kHashBlockSize> z_pad{};
  const std::array<uint8_t, 3> length_and_zero = {static_cast<uint8_t>(length >> 8),
                                                  static_cast<uint8_t>(length), 0};
  SecretBytes b_0 = SecretBytes::OfSize(kHashSize);
  HashInto(SecretBytes::Concat({z_pad, message, length_and_zero, dst_prime}), b_0.mutable_view());

  // b_i = H((b_0 xor b_{i-1}) || i || dst_prime), b_0 itself standing in the first place without the xor.
  SecretBytes block = SecretBytes::Concat({b_0.view(), std::array<uint8_t, 1>{0}, dst_prime});
  const size_t blocks = (length + kHashSize - 1) / kHashSize;
  SecretBytes expanded = SecretBytes::OfSize(blocks * kHashSize);
  for (size_t i = 0; i < blocks; ++i) {
    const std::span<uint8_t> out = expanded.mutable_view().subspan(i * kHashSize, kHashSize);
    block.data()[kHashSize] = static_cast<uint8_t>(i + 1);
    HashInto(block, out);
    for (size_t j = 0; j < kHashSize; ++j) block.data()[j] = b_0.data()[j] ^ out[j];
  }
  return SecretBytes::CopyOf(expanded.view().first(length));
}

}  // namespace labrec::pin

#include "hsm/tpm_wire/kdf.h"

#include <algorithm>

#include "hsm/base/encoding.h"

namespace labrec::tpm {
namespace {

// `bits` bits of block(1) || block(2) || ...
template <typename Block>
SecretBytes Counted(HashAlgorithm algorithm, uint32_t bits, const Block& block) {
  SecretBytes out = SecretBytes::OfSize(bits / 8);
  const size_t step = DigestSize(algorithm);
  for (size_t done = 0; done < out.size(); done += step) {
    const Bytes counter = Writer().U32(static_cast<uint32_t>(done / step + 1)).bytes();
    const SecretBytes part = block(counter);
    std::copy_n(part.data(), std::min(step, out.size() - done), out.data() + done);
  }
  return out;
}

Bytes ZeroTerminated(std::string_view label) {
  return Writer().Raw(label).U8(0).bytes();
}

}  // namespace

SecretBytes KdfA(HashAlgorithm algorithm, ByteView key, std::string_view label, ByteView context_u,
                 ByteView context_v, uint32_t bits) {
  const Bytes text = ZeroTerminated(label);
  const Bytes length = Writer().U32(bits).bytes();
  return Counted(algorithm, bits, [&](ByteView counter) {
    return Hmac(algorithm, key, {counter, text, context_u, context_v, length});
  });
}

SecretBytes KdfE(HashAlgorithm algorithm, ByteView z, std::string_view label, ByteView party_u,
                 ByteView party_v, uint32_t bits) {
  const Bytes text = ZeroTerminated(label);
  return Counted(algorithm, bits, [&](ByteView counter) {
    return HashSecret(algorithm, {counter, z, text, party_u, party_v});
  });
}

}  // namespace labrec::tpm

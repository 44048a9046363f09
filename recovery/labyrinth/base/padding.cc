#include "recovery/labyrinth/base/padding.h"

#include <algorithm>
#include <bit>

#include "recovery/labyrinth/base/reason.h"

namespace labrec::recovery::labyrinth {
namespace {

constexpr size_t kSmallest = 10;

}  // namespace

size_t PaddedSize(size_t text_size) {
  const size_t size = std::max(text_size + 1, kSmallest);
  const auto exponent = static_cast<size_t>(std::bit_width(size) - 1);
  const auto exponent_bits = static_cast<size_t>(std::bit_width(exponent));
  const size_t mask = (size_t{1} << (exponent - exponent_bits)) - 1;
  return (size + mask) & ~mask;
}

SecretBytes Pad(ByteView text) {
  SecretBytes padded = SecretBytes::OfSize(PaddedSize(text.size()));
  std::copy(text.begin(), text.end(), padded.data());
  padded.data()[text.size()] = 0x80;
  return padded;
}

absl::StatusOr<SecretBytes> Unpad(ByteView padded) {
  size_t size = padded.size();
  while (size != 0 && padded[size - 1] == 0) --size;
  if (size == 0 || padded[size - 1] != 0x80 || PaddedSize(size - 1) != padded.size()) {
    return Damage(Reason::kMalformed, "a message is not padded as messages are");
  }
  return SecretBytes::CopyOf(padded.first(size - 1));
}

}  // namespace labrec::recovery::labyrinth

#include "pin/padding.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace labrec::pin {

absl::StatusOr<SecretBytes> Pad(const SecretBytes& secret) {
  if (secret.size() > kMostSecretBytes) {
    return absl::InvalidArgumentError(absl::StrCat("a protected secret of ", secret.size(),
                                                   " bytes; at most ", kMostSecretBytes, " can be kept"));
  }
  SecretBytes padded = SecretBytes::OfSize(kPaddedSize);
  padded.data()[0] = static_cast<uint8_t>(secret.size() >> 8);
  padded.data()[1] = static_cast<uint8_t>(secret.size());
  std::copy_n(secret.data(), secret.size(), padded.data() + 2);
  return padded;
}

absl::StatusOr<SecretBytes> Unpad(const SecretBytes& padded) {
  if (padded.size() != kPaddedSize) return absl::InvalidArgumentError("a padded secret of a wrong size");
  const size_t size = static_cast<size_t>(padded.data()[0]) << 8 | padded.data()[1];
  if (size > kMostSecretBytes) return absl::InvalidArgumentError("a padded secret longer than its padding");
  const ByteView zeros = padded.view().subspan(2 + size);
  uint8_t any = 0;
  for (uint8_t byte : zeros) any |= byte;
  if (any != 0) return absl::InvalidArgumentError("a padded secret whose padding is not zero");
  return SecretBytes::CopyOf(padded.view().subspan(2, size));
}

}  // namespace labrec::pin

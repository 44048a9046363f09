#include "pin/sharing/secret_sharing.h"

#include "absl/strings/str_cat.h"

namespace labrec::pin {
namespace {

// a * b in GF(2)[x] / 0x11B: no table, no branch, so no trace of a secret byte in cache or time.
uint8_t Multiply(uint8_t a, uint8_t b) {
  unsigned product = 0;
  unsigned shifted = a;
  for (unsigned bit = 0; bit < 8; ++bit) {
    product ^= shifted & (0U - (unsigned{b} >> bit & 1U));
    shifted = (shifted << 1) ^ (0x11BU & (0U - (shifted >> 7)));
  }
  return static_cast<uint8_t>(product);
}

// 1 / a = a^254, and 0 for 0.
uint8_t Invert(uint8_t a) {
  uint8_t power = a;
  for (int i = 0; i < 6; ++i) power = Multiply(Multiply(power, power), a);  // a^(2^7 - 1) at the end
  return Multiply(power, power);
}

absl::Status CheckShares(std::span<const Share> shares, uint32_t x) {
  if (shares.empty()) return absl::InvalidArgumentError("no share to combine");
  if (x > 255) return absl::InvalidArgumentError("a polynomial over GF(2^8) has values at 0..255");
  for (size_t i = 0; i < shares.size(); ++i) {
    if (shares[i].x == 0 || shares[i].x > 255) {
      return absl::InvalidArgumentError(
          absl::StrCat("a share at x = ", shares[i].x, "; shares lie at 1..255"));
    }
    if (shares[i].bytes.size() != shares[0].bytes.size()) {
      return absl::InvalidArgumentError("shares of different sizes do not belong together");
    }
    for (size_t j = 0; j < i; ++j) {
      if (shares[j].x == shares[i].x) {
        return absl::InvalidArgumentError(absl::StrCat("two shares at x = ", shares[i].x));
      }
    }
  }
  return absl::OkStatus();
}

// Lagrange's coefficient of share i for the value at x: the product of (x - x_j) / (x_i - x_j), minus being
// xor.
uint8_t Coefficient(std::span<const Share> shares, size_t i, uint8_t x) {
  uint8_t numerator = 1;
  uint8_t denominator = 1;
  const auto xi = static_cast<uint8_t>(shares[i].x);
  for (size_t j = 0; j < shares.size(); ++j) {
    if (j == i) continue;
    const auto xj = static_cast<uint8_t>(shares[j].x);
    numerator = Multiply(numerator, x ^ xj);
    denominator = Multiply(denominator, xi ^ xj);
  }
  return Multiply(numerator, Invert(denominator));
}

// accumulator = accumulator * x + addend, byte by byte: one step of Horner's scheme.
void MultiplyAdd(SecretBytes& accumulator, uint8_t x, const SecretBytes& addend) {
  for (size_t i = 0; i < accumulator.size(); ++i) {
    accumulator.data()[i] = Multiply(accumulator.data()[i], x) ^ addend.data()[i];
  }
}

absl::Status CannotShare(uint32_t threshold, uint32_t count) {
  return absl::InvalidArgumentError(absl::StrCat("cannot share a secret as ", threshold, " of ", count,
                                                 "; wanted: 1 <= threshold <= count <= ", kMostShares));
}

}  // namespace

absl::StatusOr<std::vector<Share>> Split(const SecretBytes& secret, uint32_t threshold, uint32_t count) {
  if (threshold < 1 || threshold > count || count > kMostShares) return CannotShare(threshold, count);
  std::vector<SecretBytes> coefficients;  // of x^1 .. x^(threshold-1), each for all bytes
  for (uint32_t i = 1; i < threshold; ++i) coefficients.push_back(SecretBytes::Random(secret.size()));
  return SplitWith(secret, coefficients, count);
}

absl::StatusOr<std::vector<Share>> SplitWith(const SecretBytes& secret,
                                             const std::vector<SecretBytes>& coefficients, uint32_t count) {
  const auto threshold = static_cast<uint32_t>(coefficients.size() + 1);
  if (threshold > count || count > kMostShares) return CannotShare(threshold, count);
  for (const SecretBytes& coefficient : coefficients) {
    if (coefficient.size() != secret.size())
      return absl::InvalidArgumentError("a coefficient's size is wrong");
  }
  std::vector<Share> shares;
  for (uint32_t x = 1; x <= count; ++x) {
    SecretBytes value = SecretBytes::OfSize(secret.size());
    for (size_t i = coefficients.size(); i-- > 0;)
      MultiplyAdd(value, static_cast<uint8_t>(x), coefficients[i]);
    MultiplyAdd(value, static_cast<uint8_t>(x), secret);
    shares.push_back({x, std::move(value)});
  }
  return shares;
}

absl::StatusOr<SecretBytes> Interpolate(std::span<const Share> shares, uint32_t x) {
  if (absl::Status checked = CheckShares(shares, x); !checked.ok()) return checked;
  SecretBytes value = SecretBytes::OfSize(shares[0].bytes.size());
  for (size_t i = 0; i < shares.size(); ++i) {
    const uint8_t coefficient = Coefficient(shares, i, static_cast<uint8_t>(x));
    for (size_t b = 0; b < value.size(); ++b) {
      value.data()[b] ^= Multiply(shares[i].bytes.data()[b], coefficient);
    }
  }
  return value;
}

absl::StatusOr<SecretBytes> Combine(std::span<const Share> shares) {
  return Interpolate(shares, 0);
}

}  // namespace labrec::pin

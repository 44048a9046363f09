#include "pin/oprf/oprf.h"

#include <array>

#include "hsm/base/hash.h"
#include "pin/oprf/hash_to_curve.h"

namespace labrec::pin {
namespace {

using std::string_view_literals::operator""sv;

// contextString = "OPRFV1-" || I2OSP(mode, 1) || "-" || identifier (RFC 9497, section 3.1), the mode being
// 0x00.
constexpr std::string_view kHashToGroupDst = "HashToGroup-OPRFV1-\0-P256-SHA256"sv;
constexpr std::string_view kHashToScalarDst = "HashToScalar-OPRFV1-\0-P256-SHA256"sv;
constexpr size_t kLongestInput = 65535;

std::array<uint8_t, 2> TwoBytes(size_t number) {
  return {static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number)};
}

absl::Status CheckInput(const SecretBytes& input) {
  if (input.size() <= kLongestInput) return absl::OkStatus();
  return absl::InvalidArgumentError("the input of an oblivious evaluation has at most 65535 bytes");
}

}  // namespace

absl::StatusOr<Blinded> Blind(const SecretBytes& input) {
  return BlindWith(input, P256Scalar::Random());
}

absl::StatusOr<Blinded> BlindWith(const SecretBytes& input, P256Scalar blind) {
  if (absl::Status checked = CheckInput(input); !checked.ok()) return checked;
  std::optional<P256Point> hashed = HashToCurve(input.view(), AsBytes(kHashToGroupDst));
  if (!hashed.has_value())
    return absl::InvalidArgumentError("the input hashes to the identity; choose another");
  const P256Point element = hashed->Times(blind);
  WipePoint(*hashed);
  return Blinded{std::move(blind), element};
}

absl::StatusOr<SecretBytes> Finalize(const SecretBytes& input, const P256Scalar& blind,
                                     const P256Point& evaluated) {
  if (absl::Status checked = CheckInput(input); !checked.ok()) return checked;
  P256Point unblinded = evaluated.Times(blind.Inverse());
  auto encoded = unblinded.Compressed();
  Digest output = Sha256(SecretBytes::Concat({TwoBytes(input.size()), input.view(), TwoBytes(encoded.size()),
                                              encoded, AsBytes("Finalize")})
                             .view());
  WipePoint(unblinded);
  Wipe(encoded);
  return SecretBytes::TakeFrom(output);
}

P256Scalar OprfHashToScalar(ByteView message) {
  return HashToScalar(message, AsBytes(kHashToScalarDst));
}

}  // namespace labrec::pin

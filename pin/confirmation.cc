#include "pin/confirmation.h"

#include <optional>

#include "hsm/base/secret_bytes.h"

namespace labrec::pin {
namespace {

// a*first + b*second; nullopt if that is the identity.
std::optional<P256Point> Combine(const P256Scalar& a, const P256Point& first, const P256Scalar& b,
                                 const P256Point& second) {
  return first.Times(a).Plus(second.Times(b));
}

// Uniform up to 2^-128 (FIPS 186-5, A.2.1).
P256Scalar RandomScalar(const RandomSource& random) {
  return P256Scalar::ReduceToNonZero(RandomSecret(random, 48).view());
}

}  // namespace

Confirmation::Confirmation(const P256Point& element, const RandomSource& random)
    : Confirmation(Draw(element, random)) {}

Confirmation::Confirmation(const P256Point& element, P256Scalar a, P256Scalar b, const P256Point& check,
                           size_t position)
    : a_(std::move(a)), b_(std::move(b)), position_(position) {
  elements_[position_] = element;
  elements_[1 - position_] = check;
}

Confirmation Confirmation::Draw(const P256Point& element, const RandomSource& random) {
  while (true) {  // a second round has the probability 1/n
    P256Scalar a = RandomScalar(random);
    P256Scalar b = RandomScalar(random);
    const std::optional<P256Point> check = Combine(a, P256Point::Generator(), b, element);
    const size_t position = RandomSecret(random, 1).data()[0] & 1U;
    if (check.has_value()) return {element, std::move(a), std::move(b), *check, position};
  }
}

absl::StatusOr<P256Point> Confirmation::Check(std::span<const P256Point> answers,
                                              const P256Point& certified_key) const {
  if (answers.size() != elements_.size()) {
    return absl::InvalidArgumentError("a confirmed evaluation has two answers");
  }
  const P256Point& evaluated = answers[position_];
  if (Combine(a_, certified_key, b_, evaluated) != answers[1 - position_]) {
    return absl::PermissionDeniedError(
        "the realm evaluated with another key than the one its TPM certified; nothing was stored");
  }
  return evaluated;
}

}  // namespace labrec::pin

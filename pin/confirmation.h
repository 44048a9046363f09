#pragma once

#include <array>
#include <span>

#include "absl/status/statusor.h"

#include "hsm/base/p256.h"
#include "hsm/base/random_source.h"

namespace labrec::pin {

// Shows a client that an evaluation was made with one certified key, by nothing but evaluations (D. Chaum and
// H. van Antwerpen, "Undeniable Signatures", CRYPTO '89, section 2). Besides the element B it sends B' = aG +
// bB for random secret a and b, in random order. It takes the answers Z and Z' only if Z' = a*Q + b*Z.
//
// Promised: with Q = k*G the certified key, a host that answers with Z != k*B is caught except with
// probability 1/n, n being the group's order. Each b explains B and B' with one a, so the host knows nothing
// of b; and Z = kB + D passes only with Z' = kB' + bD. Not promised: that the host counted, or is able to
// answer again.
//
// One object for one exchange. Any thread.
class Confirmation {
 public:
  // For this element, which must be uniform and not reused (pin::Blind makes such). a, b and the order are
  // drawn from `random`.
  explicit Confirmation(const P256Point& element, const RandomSource& random = SystemRandom);

  // What to send, in this order.
  const std::array<P256Point, 2>& elements() const { return elements_; }

  // The evaluation Z of the element, from the answers to elements() in their order, if the certified key made
  // it. PERMISSION_DENIED if not; INVALID_ARGUMENT for another number of answers than two.
  absl::StatusOr<P256Point> Check(std::span<const P256Point> answers, const P256Point& certified_key) const;

 private:
  Confirmation(const P256Point& element, P256Scalar a, P256Scalar b, const P256Point& check, size_t position);
  static Confirmation Draw(const P256Point& element, const RandomSource& random);

  P256Scalar a_;
  P256Scalar b_;
  std::array<P256Point, 2> elements_;
  size_t position_;  // of the element itself
};

}  // namespace labrec::pin

#include "hsm/pkcs11/sign_recovery.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include "hsm/base/status_macros.h"
#include "hsm/pkcs11/fitting_signs.h"

namespace labrec::hsm::pkcs11 {
namespace {

// A point, or the identity.
using Sum = std::optional<P256Point>;

Sum Add(const Sum& a, const P256Point& b) {
  return a.has_value() ? a->Plus(b) : b;
}

absl::Status Fault() {
  return absl::DataLossError(
      "the token's ECDH result does not belong to the realm's evaluation key: do not trust this device");
}

class Recovery {
 public:
  Recovery(const P256Point& public_key, const XOracle& oracle) : public_key_(public_key), oracle_(oracle) {}

  // k*B for B = ±G.
  std::optional<P256Point> WithoutDevice(const P256Point& element) const {
    const P256Point& generator = P256Point::Generator();
    if (!SameBytes(element.x(), generator.x())) return std::nullopt;
    return element == generator ? public_key_ : public_key_.Negated();
  }

  // None of the elements is ±G.
  absl::StatusOr<std::vector<P256Point>> Products(std::span<const P256Point> elements) const {
    LABREC_ASSIGN_OR_RETURN(const std::vector<P256Point> lifts, Lifts(elements));
    return Signed(elements, lifts);
  }

 private:
  // A point with the x of k*B, for each B.
  absl::StatusOr<std::vector<P256Point>> Lifts(std::span<const P256Point> elements) const {
    std::vector<P256Point> lifts;
    lifts.reserve(elements.size());
    for (const P256Point& element : elements) {
      LABREC_ASSIGN_OR_RETURN(const SecretBytes x, oracle_(element));
      auto lift = P256Point::LiftX(x.view());
      // k*B = ±Q means B = ±G, which is never asked.
      if (!lift.ok() || x.Equals(public_key_.x())) return Fault();
      lifts.push_back(*lift);
    }
    return lifts;
  }

  absl::StatusOr<std::vector<P256Point>> Signed(std::span<const P256Point> elements,
                                                const std::vector<P256Point>& lifts) const {
    Sum offset = P256Point::Generator();
    for (const P256Point& element : elements) offset = Add(offset, element);
    if (!offset.has_value()) return OneByOne(elements, lifts);
    LABREC_ASSIGN_OR_RETURN(const SecretBytes x, oracle_(*offset));
    const std::vector<uint32_t> fitting = FittingSigns(lifts, public_key_, x.view());
    if (fitting.empty()) return Fault();
    if (fitting.size() > 1) return OneByOne(elements, lifts);
    return WithSigns(lifts, fitting.front());
  }

  absl::StatusOr<std::vector<P256Point>> OneByOne(std::span<const P256Point> elements,
                                                  const std::vector<P256Point>& lifts) const {
    // A single element other than ±G never comes here without a fault: A + Q and -A + Q have different x.
    if (elements.size() == 1) return Fault();
    std::vector<P256Point> products;
    for (size_t i = 0; i < elements.size(); ++i) {
      LABREC_ASSIGN_OR_RETURN(const std::vector<P256Point> one, Signed(elements.subspan(i, 1), {lifts[i]}));
      products.push_back(one.front());
    }
    return products;
  }

  static std::vector<P256Point> WithSigns(std::vector<P256Point> points, uint32_t signs) {
    for (size_t i = 0; i < points.size(); ++i) {
      if ((signs >> i & 1) != 0) points[i] = points[i].Negated();
    }
    return points;
  }

  const P256Point& public_key_;
  const XOracle& oracle_;
};

}  // namespace

absl::StatusOr<std::vector<P256Point>> RecoverProducts(const P256Point& public_key,
                                                       std::span<const P256Point> elements,
                                                       const XOracle& oracle, size_t group) {
  if (group < 1 || group > kMostPerGroup) std::abort();
  const Recovery recovery(public_key, oracle);
  std::vector<P256Point> products(elements.begin(), elements.end());
  std::vector<P256Point> asked;
  std::vector<size_t> places;
  for (size_t i = 0; i < elements.size(); ++i) {
    if (const auto known = recovery.WithoutDevice(elements[i]); known.has_value()) {
      products[i] = *known;
    } else {
      asked.push_back(elements[i]);
      places.push_back(i);
    }
  }
  for (size_t start = 0; start < asked.size(); start += group) {
    const size_t size = std::min(group, asked.size() - start);
    LABREC_ASSIGN_OR_RETURN(const auto some, recovery.Products(std::span(asked).subspan(start, size)));
    for (size_t i = 0; i < size; ++i) products[places[start + i]] = some[i];
  }
  return products;
}

}  // namespace labrec::hsm::pkcs11

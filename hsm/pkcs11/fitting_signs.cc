#include "hsm/pkcs11/fitting_signs.h"

#include <cstdlib>

#include <openssl/obj_mac.h>

#include "hsm/base/openssl_ptr.h"

namespace labrec::hsm::pkcs11 {
namespace {

constexpr size_t kMostTerms = 16;

void Require(bool ok) {
  if (!ok) std::abort();
}

// OpenSSL's points, in projective coordinates: sums of P256Point cost an inversion each, which dominates
// here.
class Arithmetic {
 public:
  Arithmetic() : scratch_(BN_CTX_new()) { Require(scratch_ != nullptr); }

  EcPointPtr Load(const P256Point& point) const {
    EcPointPtr loaded = New();
    const auto encoded = point.Uncompressed();
    Require(EC_POINT_oct2point(Group(), loaded.get(), encoded.data(), encoded.size(), scratch_.get()) == 1);
    return loaded;
  }
  EcPointPtr Sum(const EcPointPtr& a, const EcPointPtr& b) const {
    EcPointPtr sum = New();
    Require(EC_POINT_add(Group(), sum.get(), a.get(), b.get(), scratch_.get()) == 1);
    return sum;
  }
  bool Same(const EcPointPtr& a, const EcPointPtr& b) const {
    const int order = EC_POINT_cmp(Group(), a.get(), b.get(), scratch_.get());
    Require(order >= 0);
    return order == 0;
  }

 private:
  static const EC_GROUP* Group() {
    static const EC_GROUP* const group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    Require(group != nullptr);
    return group;
  }
  static EcPointPtr New() {
    EcPointPtr point(EC_POINT_new(Group()));
    Require(point != nullptr);
    return point;
  }

  BnCtxPtr scratch_;
};

}  // namespace

std::vector<uint32_t> FittingSigns(std::span<const P256Point> terms, const P256Point& offset, ByteView x) {
  Require(terms.size() <= kMostTerms);
  const auto target = P256Point::LiftX(x);
  if (!target.ok()) return {};
  const Arithmetic arithmetic;
  std::vector<EcPointPtr> sums;
  sums.push_back(arithmetic.Load(offset));
  for (const P256Point& term : terms) {
    const EcPointPtr plus = arithmetic.Load(term);
    const EcPointPtr minus = arithmetic.Load(term.Negated());
    const size_t half = sums.size();
    for (size_t i = 0; i < half; ++i) sums.push_back(arithmetic.Sum(sums[i], minus));
    for (size_t i = 0; i < half; ++i) sums[i] = arithmetic.Sum(sums[i], plus);
  }
  const EcPointPtr even = arithmetic.Load(*target);
  const EcPointPtr odd = arithmetic.Load(target->Negated());
  std::vector<uint32_t> fitting;
  for (uint32_t signs = 0; signs < sums.size(); ++signs) {
    if (arithmetic.Same(sums[signs], even) || arithmetic.Same(sums[signs], odd)) fitting.push_back(signs);
  }
  return fitting;
}

}  // namespace labrec::hsm::pkcs11

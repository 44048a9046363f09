#include "hsm/pkcs11/evaluation_key.h"

#include "hsm/base/status_macros.h"
#include "hsm/pkcs11/sign_recovery.h"
#include "hsm/pkcs11/token/primitives.h"

namespace labrec::hsm::pkcs11 {
namespace {

XOracle OracleOf(const Session& session, TokenObject key) {
  return [&session, key](const P256Point& point) { return DeriveX(session, key.handle, point); };
}

}  // namespace

absl::StatusOr<std::vector<P256Point>> Pkcs11EvaluationKey::Evaluate(std::span<const P256Point> elements) {
  return connection_.Run([&](const Connection::Work& work) {
    return RecoverProducts(public_key_, elements, OracleOf(work.session, work.keys.evaluation),
                           kMostPerGroup);
  });
}

size_t Pkcs11EvaluationKey::preferred_batch() const {
  return kMostPerGroup;
}

absl::Status ProveEvaluationKey(const Session& session, TokenObject key, const P256Point& public_key) {
  const P256Scalar factor = P256Scalar::Random();
  const P256Point element = P256Point::Generator().Times(factor);
  const auto product = RecoverProducts(public_key, {&element, 1}, OracleOf(session, key), 1);
  const bool differs =
      product.ok() ? product->front() != public_key.Times(factor) : absl::IsDataLoss(product.status());
  if (differs) {
    return absl::FailedPreconditionError(
        "the token's evaluation key is not the one whose public key the device state pins");
  }
  return product.status();
}

}  // namespace labrec::hsm::pkcs11

#include "hsm/tpm2/evaluation_key.h"

#include "hsm/base/status_macros.h"
#include "hsm/tpm2/realm/key_use.h"

namespace labrec::hsm::tpm2 {

absl::StatusOr<std::vector<P256Point>> TpmEvaluationKey::Evaluate(std::span<const P256Point> elements) {
  std::vector<P256Point> results;
  LABREC_RETURN_IF_ERROR(connection_.Run(OnLoss::kRepeat, [&](LoadedRealm& realm) -> absl::Status {
    results.clear();
    for (const P256Point& element : elements) {
      LABREC_ASSIGN_OR_RETURN(const P256Point result, UseEvaluationKey(realm, element));
      results.push_back(result);
    }
    return absl::OkStatus();
  }));
  return results;
}

}  // namespace labrec::hsm::tpm2

#include "hsm/tpm2/period_keys.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "hsm/base/random_array.h"
#include "hsm/base/status_macros.h"

namespace labrec::hsm::tpm2 {

absl::StatusOr<std::vector<PeriodKeyId>> TpmPeriodKeys::List() {
  std::vector<PeriodKeyId> ids;
  LABREC_RETURN_IF_ERROR(connection_.Run(OnLoss::kRepeat, [&](LoadedRealm& realm) -> absl::Status {
    ids.clear();
    LABREC_ASSIGN_OR_RETURN(const auto found, ListPeriodIndices(*realm.context, realm_id_));
    for (const PeriodIndex& index : found) {
      if (index.written) ids.push_back(index.id);
    }
    return absl::OkStatus();
  }));
  std::ranges::sort(ids);
  return ids;
}

// An index that was defined and not written is of a process that was ended there, or holds up: its write
// fails then.
absl::Status TpmPeriodKeys::MakeIn(LoadedRealm& realm, const PeriodKeyId& id, const SecretBytes& secret) {
  LABREC_ASSIGN_OR_RETURN(const auto found, ListPeriodIndices(*realm.context, realm_id_));
  for (const PeriodIndex& index : found) {
    if (index.written) continue;
    LABREC_RETURN_IF_ERROR(RemovePeriodIndex(realm, realm_id_, index));
    ++writes_;
  }
  LABREC_RETURN_IF_ERROR(MakePeriodIndex(realm, realm_id_, id, secret));
  writes_ += 2;  // defined and written
  return absl::OkStatus();
}

absl::StatusOr<PeriodKeyId> TpmPeriodKeys::Make(uint64_t number, uint64_t made_at_ms) {
  const PeriodKeyId id{number, made_at_ms, RandomArray<8>()};
  const SecretBytes secret = SecretBytes::Random(kPeriodSecretSize);
  LABREC_RETURN_IF_ERROR(
      connection_.Run(OnLoss::kGiveUp, [&](LoadedRealm& realm) { return MakeIn(realm, id, secret); }));
  return id;
}

absl::StatusOr<SecretBytes> TpmPeriodKeys::Use(const PeriodKeyId& id) {
  SecretBytes secret;
  LABREC_RETURN_IF_ERROR(connection_.Run(OnLoss::kRepeat, [&](LoadedRealm& realm) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const auto found, ListPeriodIndices(*realm.context, realm_id_));
    for (const PeriodIndex& index : found) {
      if (index.id != id || !index.written) continue;
      LABREC_ASSIGN_OR_RETURN(secret, ReadPeriodIndex(realm, index));
      return absl::OkStatus();
    }
    return absl::NotFoundError(absl::StrCat("the TPM has no period key ", id.number));
  }));
  return secret;
}

absl::Status TpmPeriodKeys::Destroy(const PeriodKeyId& id) {
  return connection_.Run(OnLoss::kRepeat, [&](LoadedRealm& realm) -> absl::Status {
    LABREC_ASSIGN_OR_RETURN(const auto found, ListPeriodIndices(*realm.context, realm_id_));
    for (const PeriodIndex& index : found) {
      if (index.id != id) continue;
      LABREC_RETURN_IF_ERROR(RemovePeriodIndex(realm, realm_id_, index));
      ++writes_;
    }
    return absl::OkStatus();
  });
}

}  // namespace labrec::hsm::tpm2

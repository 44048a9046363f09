#include "recovery/client/steps/kept_enforcement.h"

#include "absl/strings/str_cat.h"

#include "recovery/client/chip/guesses.h"

namespace labrec::recovery::client::core {

absl::StatusOr<KeptEnforcement> KeepEnforcement(const Account& account, const RecordConfig& config) {
  KeptEnforcement kept;
  for (size_t i = 0; i < account.size(); ++i) {
    const Realm& realm = account[i];
    if (const ChipShare* chip = ChipShareOf(config, realm.id); chip != nullptr) {
      kept.trust.pinned_aks[realm.id] = chip->ak_name;
    } else if (config.chips() == config.realms.size()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "realm ", realm.name,
          " is new in the list, and every realm's chip counts for this record: seal it again, and "
          "say who is to count (--enforcement)"));
    }
  }
  return kept;
}

}  // namespace labrec::recovery::client::core

#include "recovery/server/admin/two_persons.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace labrec::recovery {

absl::StatusOr<std::string> TwoPersons::Agree(const std::string& what, const Peer& peer, Time now) {
  if (within_.count() == 0) return "";
  const std::lock_guard lock(mutex_);
  std::erase_if(asked_, [&](const auto& entry) { return now - entry.second.at > within_; });
  const auto found = asked_.find(what);
  if (found != asked_.end() && found->second.person != peer.person()) {
    const uid_t first = found->second.person;
    asked_.erase(found);
    return absl::StrCat("asked for by uid ", first, " too");
  }
  asked_.insert_or_assign(what, Asked{peer.person(), now});
  return absl::FailedPreconditionError(
      absl::StrCat("nothing was done yet: this takes two persons, and uid ", peer.person(),
                   " is noted as the first. Have another operator give the same command within ",
                   within_.count(), " minutes"));
}

}  // namespace labrec::recovery

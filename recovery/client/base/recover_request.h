#pragma once

#include <cstdint>
#include <string>

#include "recovery/client/base/config_group.h"

namespace labrec::recovery::client {

// When the guesses of chips are given back, which takes some calls at each such realm.
enum class ChipRefill {
  kNow,    // before Recover returns
  kLater,  // by RefillChipGuesses, once the secret is where it should be; or never: the version is about to
           // end
};

struct RecoverRequest {
  std::string record;
  // How many realms must offer the same version for it to be used; 0: a majority. A record sealed with a
  // lower threshold needs it said here when fewer realms than the majority are left.
  uint32_t least_realms = 0;
  // kPerson: `least_realms` is what the person says of this record. It is then not refused because some realm
  // offers a config that takes more (steps/newest_group.h, Groups): one lying realm could do that.
  LeastFrom least_from = LeastFrom::kDefault;
  // kActive: passes over a pending version; see WrongPin::active_version.
  WhichVersion which = WhichVersion::kNewest;
  ChipRefill refill = ChipRefill::kNow;
  // So many tries since the last success the person knows as his own, this recovery not among them. Where a
  // realm's chip has counted more than that, this recovery and what other realms saw as well, it gets no
  // refill.
  uint32_t own_tries = 0;
};

}  // namespace labrec::recovery::client

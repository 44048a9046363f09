#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "hsm/base/secret_bytes.h"
#include "recovery/client/base/config_group.h"
#include "recovery/client/base/realm_floor.h"
#include "recovery/client/base/record_authority.h"
#include "recovery/client/report/realm_report.h"

namespace labrec::recovery::client {

// The outcomes of an attempt to recover: answers, not errors. Each reports on every realm, in share order.

struct Recovered {
  SecretBytes secret;
  ConfigGroup group;               // the version it came from
  RecordAuthority authority;       // may sign as the record's unlock key
  std::vector<RealmFloor> floors;  // whose signature is right, the highest first
  std::vector<RealmReport> reports;
  uint32_t own_tries = 0;  // RecoverRequest::own_tries
};

// The PIN was wrong, or too many realms answered wrongly: nobody can tell which.
struct WrongPin {
  uint32_t tries_left = 0;  // over all realms; see TriesLeft
  std::vector<RealmReport> reports;
  // The version that was tried is pending, and this older one is active: whoever has an enrolled device could
  // have put the pending one in front, and the PIN may be right for this one (RecoverRequest::which). That
  // costs another guess.
  std::optional<uint32_t> active_version = std::nullopt;
};
struct LockedUntil {
  int64_t until_ms = 0;  // Unix milliseconds: when enough realms take guesses again
  std::vector<RealmReport> reports;
};
// Too many realms have erased their keys: the secret cannot come back from this record.
struct Destroyed {
  std::vector<RealmReport> reports;
};
// No guess is left, though some realms have not erased their keys yet: no PIN is answered any more, right or
// wrong, and none was sent. A device that has the secret can seal it again.
struct UsedUp {
  std::vector<RealmReport> reports;
};
struct NotRegistered {
  std::vector<RealmReport> reports;
};

using RecoverOutcome = std::variant<Recovered, WrongPin, LockedUntil, UsedUp, Destroyed, NotRegistered>;

}  // namespace labrec::recovery::client

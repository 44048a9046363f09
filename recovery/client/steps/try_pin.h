#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hsm/base/secret_bytes.h"
#include "recovery/client/base/known_pin.h"
#include "recovery/client/base/record_authority.h"
#include "recovery/client/core/account.h"
#include "recovery/client/core/scope.h"
#include "recovery/client/core/task.h"

namespace labrec::recovery::client::core {

// What trying a PIN that is about to be registered came to.
struct PinTrial {
  KnownPin known = KnownPin::kNotKnown;
  std::optional<ConfigGroup> before = std::nullopt;  // the newest active version, else the newest
  bool chips_offered = false;                        // some realm offers a config in which chips count
  // kSame: the version whose PIN it is, and its keys.
  std::optional<ConfigGroup> group = std::nullopt;
  std::optional<RecordAuthority> authority = std::nullopt;
  std::vector<RealmReport> reports = {};
};

// A device may register without the old PIN. Before it gives the new version all its guesses, it has to know
// whether the PIN is the old one: guesses that a thief made would be given back to him. Tries the PIN at each
// usable version, also where a pending one is in front: a guess each, none where none is left. Where it fits,
// that was a success, and that version is unlocked. `least` as in Groups.
Task<PinTrial> TryPin(Scope& scope, Account& account, std::string record, Least least,
                      const SecretBytes& pin);

}  // namespace labrec::recovery::client::core

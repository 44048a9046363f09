#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "attestation/verify/ek/trust.h"
#include "attestation/verify/tpm_identity.h"
#include "hsm/base/bytes.h"

namespace labrec::recovery::client {

// Who counts the guesses of a record that is to be sealed.
enum class Enforcement {
  kLedger,        // every realm, in its ledger
  kChip,          // every realm's chip; a realm that has none is refused
  kChipOrLedger,  // the chip where the realm has one, and proves it; the ledger where it says that it has
                  // none, or that it is full
  kAsPinned,      // the chip at the realms with a pinned key (ChipTrust), the ledger at the others
};
// "ledger", "chip", "chip-or-ledger", "as before".
std::string_view EnforcementName(Enforcement enforcement);

// What makes a client believe that a realm's attestation key is in a TPM: certificates of TPM vendors, or
// that the key is the one which an earlier seal verified and the record's config names.
struct ChipTrust {
  std::optional<attestation::EkTrust> roots;
  std::map<Bytes, Bytes> pinned_aks;  // Name of the key, by realm id
};

// Who counts the guesses at a realm.
struct RealmCounting {
  std::string realm;
  bool by_chip = false;
  attestation::Report proven;  // of the chip
  std::string no_chip_reason;  // why its chip does not count, where that was left to the realm
};

}  // namespace labrec::recovery::client

#include "recovery/client/base/chip_trust.h"

namespace labrec::recovery::client {

std::string_view EnforcementName(Enforcement enforcement) {
  switch (enforcement) {
    case Enforcement::kLedger:
      return "ledger";
    case Enforcement::kChip:
      return "chip";
    case Enforcement::kChipOrLedger:
      return "chip-or-ledger";
    case Enforcement::kAsPinned:
      return "as before";
  }
  return "";
}

}  // namespace labrec::recovery::client

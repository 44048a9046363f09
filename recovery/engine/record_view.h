#pragma once

#include <optional>

#include "hsm/base/clock.h"
#include "pin/guess_policy.h"
#include "recovery/engine/call/answers.h"
#include "recovery/ledger/ledger.h"
#include "recovery/record/record.h"

namespace labrec::recovery {

// What of a record is shown, and how it is shown to be locked.
struct ViewTerms {
  const Ledger& ledger;
  const Clock& clock;
  const pin::GuessPolicy& policy;
};

// A row as those may see it who may ask for it: no key material, nothing of versions that are only begun.
RecordView ViewOf(const RecordName& name, const std::optional<Record>& row, const ViewTerms& terms);

}  // namespace labrec::recovery

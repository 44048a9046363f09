#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hsm/base/bytes.h"
#include "recovery/client/base/config_group.h"

namespace labrec::recovery::client {

// One version of a record, as one realm presents it.
struct Offer {
  size_t realm = 0;  // position in the realm set
  Bytes realm_id;
  uint32_t version = 0;
  OfferStage stage = OfferStage::kActive;
  Bytes config;
  Bytes commitment;
  std::optional<uint32_t> remaining = std::nullopt;  // guesses left at this version
  int64_t locked_until_ms = 0;                       // Unix milliseconds; 0: it takes guesses
  Bytes registered_by = {};  // device id; empty: an unlock key, or the realm does not say
};

// The newest version whose config and commitment are offered alike by at least `least` realms, and at least
// as many as its own threshold. `least` comes from the caller, not from a realm: otherwise one realm could
// make up a newer version with threshold 1. Offers whose config ParseRecordConfig refuses do not count. Pure.
std::optional<ConfigGroup> NewestGroup(const std::vector<Offer>& offers, const RecordName& name,
                                       uint32_t least);

// All such versions, the newest first.
std::vector<ConfigGroup> Groups(const std::vector<Offer>& offers, const RecordName& name, uint32_t least);

}  // namespace labrec::recovery::client

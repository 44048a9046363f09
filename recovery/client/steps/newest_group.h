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

// The versions that stand, the newest first: config and commitment are offered alike by at least
// `least.realms` realms, and at least as many as the config's own threshold. `least` comes from the caller,
// not from a realm: otherwise one realm could make up a newer version with threshold 1. Offers whose config
// ParseRecordConfig refuses do not count.
//
// Where the caller does not know the record's threshold (LeastFrom::kDefault), it may be more than `least`,
// and so many realms could make up a version of their own, to test a PIN by the client's answer. So a version
// is refused while any realm offers a config that takes more realms than those that stand behind this one.
// What a realm that did not answer would have offered is not known. Pure.
std::vector<ConfigGroup> Groups(const std::vector<Offer>& offers, const RecordName& name, Least least);
std::optional<ConfigGroup> NewestGroup(const std::vector<Offer>& offers, const RecordName& name, Least least);

// A version that would stand, if another offer did not ask for more realms.
struct RefusedGroup {
  ConfigGroup group;
  size_t realm = 0;  // that asks for more
  uint32_t asked_threshold = 0;
  uint32_t asked_version = 0;
};
// The newest one. Pure.
std::optional<RefusedGroup> FindRefused(const std::vector<Offer>& offers, const RecordName& name,
                                        Least least);

}  // namespace labrec::recovery::client

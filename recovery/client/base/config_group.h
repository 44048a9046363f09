#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hsm/base/bytes.h"
#include "hsm/base/hash.h"
#include "recovery/api/record_config.h"

namespace labrec::recovery::client {

enum class OfferStage { kPending, kActive };

// Of which versions the newest is used.
enum class WhichVersion {
  kNewest,  // of all that are registered
  kActive,  // of those that were activated, where a pending one is in front
};

// Who says how many realms must offer the same version.
enum class LeastFrom {
  kDefault,  // a majority, or what the realm list recommends: the record may have been sealed with more
  kPerson,   // the person, of this record
};
struct Least {
  uint32_t realms = 0;
  LeastFrom from = LeastFrom::kDefault;
};

// A realm that offers the group's config and has a share in it.
struct GroupMember {
  size_t realm = 0;
  OfferStage stage = OfferStage::kActive;
  uint32_t x = 0;
  Bytes masked_share;
};

// A version on which enough realms agree byte for byte.
struct ConfigGroup {
  RecordConfig config;
  Digest digest{};  // SHA-256 of the config's bytes
  Bytes commitment;
  std::vector<GroupMember> members;

  uint32_t version() const { return config.version; }
  // How many realms it takes.
  uint32_t threshold() const { return config.threshold; }
  const GroupMember* Find(size_t realm) const;
};

}  // namespace labrec::recovery::client
